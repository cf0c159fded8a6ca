"""The version of the rules changes with every source that decides, and with nothing else."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from dagster_project.corpus.rules_version import files_that_decide, rules_version, version_of
from dagster_project.embedded.settings import REPOSITORY

# Imported by the validation, and no part of a verdict: where the warehouse is, how it is reached, and this version.
_NOT_RULES = {"dagster_project/corpus/__init__.py", "dagster_project/corpus/rules_version.py"}


def test_every_module_that_judging_a_pair_imports_is_in_the_version() -> None:
    listing = (
        "import sys, dagster_project.corpus.validation\n"
        "for name, module in sys.modules.items():\n"
        "    if name.startswith(('training.sql', 'dagster_project.corpus')): print(module.__file__)"
    )
    run = subprocess.run([sys.executable, "-c", listing], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    imported = {str(Path(line).relative_to(REPOSITORY)) for line in run.stdout.split()}
    covered = {str(path.relative_to(REPOSITORY)) for path in files_that_decide()}

    assert {"training/sql/canonical.py", "dagster_project/corpus/parity.py"} <= imported
    assert imported - covered == _NOT_RULES


@pytest.fixture
def copies(tmp_path: Path) -> list[Path]:
    """The sources at another place."""
    written = [tmp_path / str(number) / path.name for number, path in enumerate(files_that_decide())]
    for copy, path in zip(written, files_that_decide(), strict=True):
        copy.parent.mkdir()
        copy.write_bytes(path.read_bytes())
    return written


def test_the_same_sources_are_the_same_version_wherever_they_are(copies: list[Path]) -> None:
    assert version_of(copies, version("sqlglot")) == rules_version()


def test_any_changed_source_and_another_parser_are_another_version(copies: list[Path]) -> None:
    versions = {version_of(copies, "30.0.0"), rules_version()}
    for copy in copies:
        copy.write_bytes(copy.read_bytes() + b"\n")
        versions.add(version_of(copies, version("sqlglot")))

    assert len(versions) == len(copies) + 2
