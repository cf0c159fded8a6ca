"""From candidate pairs to the data set that training reads. Called by the assets under `defs/corpus/`."""
