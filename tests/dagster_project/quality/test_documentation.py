"""The pages on the corpus rules: every rule, what it found, no row, and nothing that a browser would fetch."""

import re
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from dagster_project.quality.codes import RULES
from dagster_project.quality.documentation import index_page
from dagster_project.quality.results import RuleResult
from dagster_project.quality.validate import validate_corpus
from dagster_project.warehouse.settings import Warehouse
from tests.business_warehouse import EMAIL, NAME


def test_the_pages_show_every_rule_and_no_row(
    owner: psycopg.Connection, corpus_warehouse: Warehouse, tmp_path: Path
) -> None:
    owner.execute(f"update corpus.training_pairs set input = '{NAME}', question_split = '{EMAIL}', pair_id = '{NAME}'")

    validate_corpus(corpus_warehouse.dsn, 60, tmp_path / "quality")
    pages = {page.name: page.read_text() for page in (tmp_path / "quality").iterdir()}

    assert set(pages) == {"index.html", "suite.html", "validation.html"}
    for name, page in pages.items():
        assert [code for code in RULES if code not in page] == [], name
        assert not re.search(r"(src|href)\s*=\s*[\"']?(https?:)?//|<script|@import|url\(", page), name
        links = re.findall(r'href="([^"#]+)', page)
        assert {link for link in links if link not in pages} == set(), name
        assert NAME not in page
        assert EMAIL not in page
        assert corpus_warehouse.dsn.split(":")[2].split("@")[0] not in page  # the password
    assert '<tr class="failed"><td><code>no_personal_value</code>' in pages["index.html"]


def test_the_first_page_says_what_stops_and_what_warns() -> None:
    results = [
        RuleResult("stops", "It is <so>", is_success=False, is_blocking=True, observed=None, unexpected_count=3),
        RuleResult("warns", "Perhaps", is_success=False, is_blocking=False, observed="59", unexpected_count=None),
        RuleResult("holds", "Well", is_success=True, is_blocking=True, observed=None, unexpected_count=0),
    ]

    page = index_page(results, datetime(2026, 11, 25, 12, 30, tzinfo=UTC))

    assert "1 of 3 rules stop the training, 1 warnings." in page
    assert "2026-11-25 12:30 UTC" in page
    assert "<td>It is &lt;so&gt;</td><td>stops</td><td>no</td><td>3</td>" in page
    assert "<td>Perhaps</td><td>warns</td><td>no</td><td>59</td>" in page
    assert "The training may start" in index_page(results[1:], datetime(2026, 11, 25, tzinfo=UTC))
