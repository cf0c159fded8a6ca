"""Says a query in English: one question or request for any SELECT. What the drafted questions of the corpus start from.

A function of the statement and the catalog alone: the same query is always said in the same words. It says what the
query computes, clause by clause, so that different queries are said differently; it is correct before it is elegant,
and a person decides whether it is a question (`corpus.review_queue`). The rules are in `training.sql.wording`.
"""

from training.sql.catalog import Catalog
from training.sql.parse import parse_select
from training.sql.wording.say import Say


def verbalize(sql: str, catalog: Catalog) -> str:
    """Says a query.

    Args:
        sql: One query, best in canonical form (its positions and names are then those that the rules expect).
        catalog: The tables that it reads; a table that is not in it is said by its name.

    Returns:
        A question that ends in `?` or a request that ends in `.`, on one line.

    Raises:
        SqlError: The text is not one query.
    """
    tree = parse_select(sql)
    phrase = Say(catalog).phrase(tree)
    if phrase.counted is not None:
        text = f"How many {phrase.counted} are there{phrase.tail}?"
    elif phrase.is_figure:
        text = f"What {'are' if phrase.is_plural else 'is'} the {phrase.text}?"
    else:
        text = f"Show {'' if phrase.text.startswith('all ') else 'the '}{phrase.text}."
    return " ".join(text.split())
