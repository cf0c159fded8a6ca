"""The proof that no personal value is where it does not belong; called by asset checks.

`places.py` says what is read, `values.py` looks for the values of tagged columns, `beside.py` for those that count only
beside their column (`days.py`: birth dates), `patterns.py` asks Presidio (`presidio.py`), and `proof.py` joins them.
"""
