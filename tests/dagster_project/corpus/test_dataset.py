"""The corpus as files: named by their content, sealed by the manifest, the newest one pointed at."""

import hashlib
import json
from pathlib import Path

import psycopg
import pytest

from dagster_project.corpus.dataset import (
    Dataset,
    current_dataset,
    part_sizes,
    write_dataset,
    write_injection_questions,
    write_unanswerable_questions,
)
from dagster_project.warehouse.settings import Warehouse
from training.evaluate.injection import load_injections
from training.evaluate.refusal import load_unanswerable
from training.sql.catalog import Catalog, read_catalog


@pytest.fixture
def owner(built_copy: Warehouse):
    with psycopg.connect(built_copy.dsn) as connection:  # whatever a test changes is rolled back
        yield connection
        connection.rollback()


def write(owner: psycopg.Connection, home: Path) -> Dataset:
    return write_dataset(owner, read_catalog(owner), home)


def test_a_data_set_has_pairs_catalog_and_manifest(owner: psycopg.Connection, tmp_path: Path) -> None:
    dataset = write(owner, tmp_path)

    pairs = [json.loads(line) for line in (dataset.folder / "pairs.jsonl").read_text().splitlines()]
    manifest = json.loads((dataset.folder / "manifest.json").read_text())
    assert len(pairs) == owner.execute("select count(*) from corpus.training_pairs").fetchone()[0] > 0
    assert list(pairs[0]) == [
        "id", "instruction", "input", "output", "origin", "question_split", "template_split", "fingerprint",
        "catalog_hash",
    ]  # fmt: skip
    assert Catalog.load(dataset.folder / "catalog.json").hash == manifest["catalog_hash"] == pairs[0]["catalog_hash"]
    assert (manifest["dataset_hash"], manifest["pairs"]) == (dataset.dataset_hash, len(pairs))
    assert sum(dataset.sizes.values()) == len(pairs)


def test_the_evaluation_reads_the_seeds_injection_questions_beside_the_pairs(owner, tmp_path: Path) -> None:
    count = write_injection_questions(owner, write(owner, tmp_path).folder)

    injections = load_injections(write(owner, tmp_path).folder)
    assert len(injections) == count >= 60
    assert injections[0].target_sql


def test_the_evaluation_reads_the_seeds_unanswerable_questions_of_both_parts(owner, tmp_path: Path) -> None:
    count = write_unanswerable_questions(owner, write(owner, tmp_path).folder)

    asked = load_unanswerable(write(owner, tmp_path).folder)
    assert len(asked) == count >= 60
    assert sum(question.part == "test" for question in asked) == count / 2


def test_the_name_is_the_hash_of_the_content(owner: psycopg.Connection, tmp_path: Path) -> None:
    dataset = write(owner, tmp_path)

    content = f"{read_catalog(owner).hash}\n{(dataset.folder / 'pairs.jsonl').read_text()}"
    assert dataset.folder == tmp_path / "datasets" / hashlib.sha256(content.encode()).hexdigest()[:16]


def test_an_unchanged_corpus_is_the_same_data_set_and_is_not_written_again(owner, tmp_path: Path) -> None:
    first = write(owner, tmp_path)
    written_at = (first.folder / "manifest.json").stat().st_mtime_ns

    assert write(owner, tmp_path) == first
    assert (first.folder / "manifest.json").stat().st_mtime_ns == written_at


def test_one_changed_pair_is_another_data_set_and_the_first_one_stays(owner, tmp_path: Path) -> None:
    first = write(owner, tmp_path)
    owner.execute(
        "update corpus.training_pairs set input = input || ' now'"
        " where pair_id = (select min(pair_id) from corpus.training_pairs)"
    )

    second = write(owner, tmp_path)

    assert second.dataset_hash != first.dataset_hash
    assert (first.folder / "manifest.json").exists()
    assert current_dataset(tmp_path) == second.folder


def test_going_back_to_an_earlier_corpus_points_at_it_again(owner, tmp_path: Path) -> None:
    first = write(owner, tmp_path)
    owner.execute("savepoint before")
    owner.execute("delete from corpus.training_pairs")
    write(owner, tmp_path)
    owner.execute("rollback to before")
    write(owner, tmp_path)

    assert current_dataset(tmp_path) == first.folder


def test_without_a_data_set_the_reader_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="materialize the asset training/dataset first"):
        current_dataset(tmp_path)


def test_an_interrupted_write_has_no_seal_and_is_done_again(
    owner: psycopg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(catalog: Catalog, path: Path) -> None:
        path.write_text("{")
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(Catalog, "save", die)
        with pytest.raises(KeyboardInterrupt):
            write(owner, tmp_path)
    assert list(tmp_path.rglob("manifest.json")) == []
    assert not (tmp_path / "datasets" / "CURRENT").exists()

    dataset = write(owner, tmp_path)

    assert Catalog.load(dataset.folder / "catalog.json").hash == read_catalog(owner).hash


def test_a_held_out_template_is_a_part_of_its_own() -> None:
    pairs = [{"question_split": split} for split in ("train", "train", "dev", "test", "none")]

    assert part_sizes(pairs) == {"train": 2, "dev": 1, "question_test": 1, "template_test": 1}
