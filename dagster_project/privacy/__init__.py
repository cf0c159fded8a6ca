"""The proof that no personal value is where it does not belong; called by asset checks.

`places.py` says what is read, `values.py` looks for the values of tagged columns, `patterns.py` asks Presidio
(`presidio.py`), and `proof.py` joins the two.
"""
