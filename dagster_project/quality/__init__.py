"""Great Expectations over `corpus.training_pairs`: the rules (`rules.py`) and their run (`validate.py`)."""
