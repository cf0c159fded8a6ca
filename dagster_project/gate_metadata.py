"""The gate's decision as Dagster's UI shows it: a table of its findings, and its report with the pictures inside."""

import base64
import re
from collections.abc import Sequence
from pathlib import Path

import dagster as dg

from training.gate import Finding
from training.gate.report import COLUMNS, table_rows

_PICTURE = re.compile(r"!\[([^\]]*)\]\(([\w.]+\.png)\)")


def findings_table(findings: Sequence[Finding]) -> dg.TableMetadataValue:
    """One row per thing that the gate looked at, those that refuse first.

    Args:
        findings: Of one decision.
    """
    rows = sorted(table_rows(findings), key=lambda row: row["verdict"] != "refuses")
    schema = dg.TableSchema([dg.TableColumn(name) for name in COLUMNS])
    return dg.MetadataValue.table([dg.TableRecord(row) for row in rows], schema=schema)


def report_with_pictures(file: Path) -> dg.MarkdownMetadataValue:
    """Returns a report with its pictures inside, which Dagster's UI shows without a server for files.

    Args:
        file: Markdown that names PNG files beside it.
    """

    def inside(match: re.Match[str]) -> str:
        data = base64.b64encode((file.parent / match[2]).read_bytes()).decode()
        return f"![{match[1]}](data:image/png;base64,{data})"

    return dg.MetadataValue.md(_PICTURE.sub(inside, file.read_text(encoding="utf-8")))
