"""SQL for reading keeps its text, apart from white space before clauses."""

import pytest

from serving.page.highlight import Piece, highlight


def test_words_have_colours_and_clauses_lines_of_their_own():
    pieces = highlight("select count(*) from orders where status = 'paid' and total > 5")

    assert "".join(piece.text for piece in pieces) == (
        "select count(*)\nfrom orders\nwhere status = 'paid' and total > 5"
    )
    assert Piece("keyword", "select") in pieces
    assert Piece("string", "'paid'") in pieces
    assert Piece("number", "5") in pieces


@pytest.mark.parametrize(
    "sql",
    [
        "select extract(year from ordered_at)",
        "select a is distinct from b",
        "select left(name, 2), 'where' || \"from\"",
        "(select 1 from t)",
    ],
)
def test_a_word_that_begins_no_clause_breaks_no_line(sql):
    assert "".join(piece.text for piece in highlight(sql)) == sql


def test_columns_with_names_like_keywords_have_no_colour():
    assert highlight("select name, year from t")[1] == Piece("", " name, year\n")


def test_a_join_is_one_line():
    assert "".join(piece.text for piece in highlight("select 1 from a left join b on true")) == (
        "select 1\nfrom a\nleft join b on true"
    )


@pytest.mark.parametrize("text", ["", "'", "((", "<script>alert(1)</script>", "💥 -- x", "a\nb"])
def test_what_is_no_sql_stays_as_it_is(text):
    assert "".join(piece.text for piece in highlight(text)) == text
