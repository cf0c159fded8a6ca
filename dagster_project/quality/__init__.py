"""Great Expectations over `corpus.training_pairs`: the rules (`rules.py`), their run (`validate.py`) and its pages."""
