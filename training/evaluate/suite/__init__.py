"""Test-suite databases: variants of the sandbox on which SQL that is right by chance gives another answer.

After Zhong, Yu and Klein, "Semantic Evaluation for Text-to-SQL with Distilled Test Suites" (EMNLP 2020). `build` makes
a variant of any schema that a connection can read, `mutants` makes what a gold query is easily confused with, `search`
chooses the variants that tell them apart, `score` judges a prediction by them.
"""
