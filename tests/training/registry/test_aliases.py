"""Aliases: promote, roll back, resolve."""

import pytest

from training import registry
from training.registry.aliases import previous


@pytest.fixture
def adapters(conn, dataset_dir, home, make_run) -> list[str]:
    return [
        registry.release(
            conn, run_dir=make_run(seed), dataset_dir=dataset_dir, home=home,
            metrics={}, used_by="test",
        )
        for seed in (1, 2, 3)
    ]  # fmt: skip


def promote(conn, adapter_id: str) -> None:
    registry.promote(conn, adapter_id, set_by="test", reason="a test")


def test_no_champion_is_a_clear_sentence(conn):
    with pytest.raises(registry.RegistryError, match="No adapter is champion yet: run the pipeline"):
        registry.resolve(conn)


def test_the_champion_is_the_newest_promotion(conn, adapters):
    for adapter_id in adapters:
        promote(conn, adapter_id)
    assert registry.resolve(conn).adapter_id == adapters[2]
    assert [move.adapter_id for move in registry.history(conn)] == adapters


def test_promoting_the_champion_again_adds_nothing(conn, adapters):
    promote(conn, adapters[0])
    promote(conn, adapters[0])
    assert len(registry.history(conn)) == 1


def test_an_unknown_adapter_cannot_be_promoted(conn):
    with pytest.raises(registry.RegistryError, match="not in the registry"):
        promote(conn, "0" * 12)
    assert registry.history(conn) == []


def test_rollbacks_walk_back_and_end_with_a_sentence(conn, adapters):
    for adapter_id in adapters:
        promote(conn, adapter_id)
    for expected in (adapters[1], adapters[0]):
        assert registry.rollback(conn, set_by="test", reason="a test").adapter_id == expected
        assert registry.resolve(conn).adapter_id == expected
    with pytest.raises(registry.RegistryError, match="no earlier adapter"):
        registry.rollback(conn, set_by="test", reason="a test")
    assert registry.resolve(conn).adapter_id == adapters[0]


def test_aliases_are_apart(conn, adapters):
    promote(conn, adapters[0])
    registry.promote(conn, adapters[1], alias="challenger", set_by="test", reason="a test")
    assert registry.resolve(conn).adapter_id == adapters[0]
    assert registry.resolve(conn, "challenger").adapter_id == adapters[1]


@pytest.mark.parametrize(
    ("moves", "target"),
    [("", None), ("A", None), ("AB", "A"), ("ABC", "B"), ("ABCB", "A"), ("ABCBA", None), ("ABABC", "B"), ("AA", None)],
)
def test_where_a_rollback_leads(moves, target):
    assert previous(list(moves)) == target
