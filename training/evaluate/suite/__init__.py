"""Test-suite databases: variants of the sandbox on which SQL that is right by chance gives another answer.

After Zhong, Yu and Klein, "Semantic Evaluation for Text-to-SQL with Distilled Test Suites" (EMNLP 2020). `build` makes
a variant of any schema that a connection can read, `mutants` makes what a gold query is easily confused with, `search`
chooses the variants that tell them apart, `score` judges a prediction by them. In any database:

    builder = VariantBuilder(connection, {"geo": "geo"}, statements)   # business schema → where its rows are
    suite = choose_variants(builder, dsn, statements, catalog, print)  # suite.kill_rate
    with TestSuite.connect(dsn, ["geo"]) as databases:
        databases.score(gold, predicted).is_match
"""
