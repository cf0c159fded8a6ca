"""Writes the corpus rules and what they found as pages that a browser opens from the disk. Called by `validate`.

`index.html` is a plain list; `suite.html` and `validation.html` are the Data Docs of Great Expectations. Those load
styles, scripts and a logo from other hosts, so everything remote is taken out: the pages make no call, and are readable
without. They hold counts and the rules' queries, never a row.
"""

import re
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from great_expectations.data_context import AbstractDataContext

from dagster_project.quality.results import RuleResult

_STYLE = (Path(__file__).with_name("pages.css")).read_text(encoding="utf-8")
_SITE = "corpus"
# Scripts go, also those on the page, which need jQuery; links and images go where they are not on the disk.
_SCRIPT = re.compile(r"<(script|style)\b.*?</\1>", re.DOTALL | re.IGNORECASE)
_LINK = re.compile(r"<link\b[^>]*>", re.IGNORECASE)
_IMAGE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_ADVERTISEMENT = re.compile(r"<a\b[^>]*href=\"https?:[^>]*>.*?</a>", re.DOTALL | re.IGNORECASE)
_INDEX, _SUITE = (re.compile(rf'href="[./]*{page}') for page in ("index\\.html", "expectations/corpus\\.html"))


def write_pages(context: AbstractDataContext, results: Iterable[RuleResult], folder: Path) -> Path:
    """Writes the pages anew.

    Args:
        context: the context that has just validated the suite `corpus`.
        results: what it found.
        folder: where the pages go; made if it is missing.

    Returns:
        The first page, `index.html`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        site = Path(temporary)
        store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(site)}
        index = {"class_name": "DefaultSiteIndexBuilder"}
        context.add_data_docs_site(
            _SITE,
            {
                "class_name": "SiteBuilder",
                "show_how_to_buttons": False,
                "site_index_builder": index,
                "store_backend": store,
            },
        )
        context.build_data_docs(site_names=[_SITE])
        (validation,) = (site / "validations").rglob("*.html")
        _write(folder / "validation.html", offline(validation.read_text(encoding="utf-8")))
        _write(folder / "suite.html", offline((site / "expectations" / "corpus.html").read_text(encoding="utf-8")))
    _write(folder / "index.html", index_page(results, datetime.now(UTC)))
    return folder / "index.html"


def offline(page: str) -> str:
    """Returns a page of Data Docs without what it would load from elsewhere, in the style of ours."""
    for pattern in (_SCRIPT, _LINK, _IMAGE, _ADVERTISEMENT):
        page = pattern.sub("", page)
    page = _SUITE.sub('href="suite.html', _INDEX.sub('href="index.html', page))
    return page.replace("</head>", f"<style>{_STYLE}</style></head>", 1)


def index_page(results: Iterable[RuleResult], validated_at: datetime) -> str:
    """Returns the list of rules with their outcome as HTML.

    Args:
        results: one per rule.
        validated_at: when, in UTC.
    """
    results = list(results)
    blocked = sum(not result.is_success and result.is_blocking for result in results)
    warned = sum(not result.is_success and not result.is_blocking for result in results)
    verdict = f"{blocked} of {len(results)} rules stop the training" if blocked else "The training may start"
    rows = "\n".join(map(_row, results))
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="UTF-8"><title>Quality of the corpus</title><style>{_STYLE}</style></head>
<body class="plain">
<h1>Quality of corpus.training_pairs</h1>
<p class="{"failed" if blocked else "success"}">{verdict}{f", {warned} warnings" if warned else ""}.</p>
<p>Validated {validated_at:%Y-%m-%d %H:%M} UTC by Great Expectations:
<a href="validation.html">this validation</a>, <a href="suite.html">the suite</a>. Over time:
<code>select * from monitoring.corpus_quality where measure = 'rules'</code></p>
<table><thead><tr><th>rule</th><th>asks for</th><th>if broken</th><th>holds</th><th>broken by</th></tr></thead>
<tbody>
{rows}
</tbody></table>
</body></html>
"""


def _row(result: RuleResult) -> str:
    broken_by = "" if result.is_success else result.unexpected_count or result.observed or "?"
    css_class = "success" if result.is_success else "failed" if result.is_blocking else "warning"
    cells = (
        f"<code>{escape(result.rule_code)}</code>",
        escape(result.description),
        "stops" if result.is_blocking else "warns",
        "yes" if result.is_success else "no",
        escape(str(broken_by)),
    )
    return f'<tr class="{css_class}">' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _write(path: Path, page: str) -> None:
    path.write_text(page, encoding="utf-8")
