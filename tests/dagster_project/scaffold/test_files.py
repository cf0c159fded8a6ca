"""Written files: one that somebody has edited is never overwritten unasked."""

from pathlib import Path

import pytest

from dagster_project.scaffold.files import Planned, State, write_all


def never(path: Path) -> bool:
    raise AssertionError(f"asked about {path}")


@pytest.mark.parametrize("name", ["_sales__sources.yml", "tables_of_sales.sql"])
def test_what_nobody_edited_is_written_anew(tmp_path: Path, name: str) -> None:
    path = tmp_path / "new" / name
    assert write_all([Planned(path, "one\n")], never).written == [path]
    assert write_all([Planned(path, "one\n")], never).same == [path]
    assert write_all([Planned(path, "two\n")], never).written == [path]
    assert path.read_text().endswith("\ntwo\n")


@pytest.mark.parametrize(
    "edit", [lambda text: text + "# mine\n", lambda text: text.replace("one", "won"), lambda text: "mine\n"]
)
def test_what_somebody_edited_is_left(tmp_path: Path, edit) -> None:
    path = tmp_path / "_sales__sources.yml"
    write_all([Planned(path, "one\n")], never)
    path.write_text(edit(path.read_text()))
    edited = path.read_text()

    assert write_all([Planned(path, "two\n")], lambda path: False).left == [path]
    assert path.read_text() == edited


def test_he_may_say_yes(tmp_path: Path) -> None:
    path = tmp_path / "_sales__sources.yml"
    path.write_text("mine\n")

    assert write_all([Planned(path, "two\n")], lambda path: True).written == [path]
    assert Planned(path, "two\n").state is State.SAME


def test_a_model_of_one_line_is_somebodys_if_it_says_anything_else(tmp_path: Path) -> None:
    path = tmp_path / "sandbox_sales__orders.sql"
    ours = Planned(path, "{{ sandbox_table('sales', 'orders') }}\n", is_marked=False)
    assert write_all([ours], never).written == [path]
    assert path.read_text() == "{{ sandbox_table('sales', 'orders') }}\n"

    path.write_text("select 1 as one\n")
    assert ours.state is State.EDITED
