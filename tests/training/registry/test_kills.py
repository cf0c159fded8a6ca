"""kill -9 before any step of a release, a promotion or a rotation: what is there stays whole, and the same goes on."""

from pathlib import Path

import pytest

from tests.training.registry.killed_process import run_and_kill
from training import registry

# Before every step takes a minute: a few places by default.
EVERY = pytest.mark.parametrize("stride", [17, pytest.param(1, marks=pytest.mark.slow)])


def release(conn, home: Path, run_dir: Path, dataset_dir: Path) -> str:
    return registry.release(conn, run_dir=run_dir, dataset_dir=dataset_dir, home=home, metrics={}, used_by="test")


def promote(conn, _home: Path, adapter_id: str) -> None:
    registry.promote(conn, adapter_id, set_by="test", reason="a test")


def rotate(conn, home: Path) -> registry.Rotation:
    return registry.rotate_key(conn, home, used_by="test")


def assert_whole(conn, home: Path) -> None:
    """Every row's adapter decrypts to what was released, whatever else lies about."""
    for record in registry.list_adapters(conn):
        registry.verify(conn, record.adapter_id, home, used_by="test")


def assert_tidy(conn, home: Path) -> None:
    """Nothing is left but the folders that rows name, and one key."""
    paths = {record.path for record in registry.list_adapters(conn)}
    assert {f"adapters/{folder.name}" for folder in (home / "adapters").iterdir()} == paths
    assert [file.name for file in (home / "keys").iterdir()] == ["adapter.key"]


@EVERY
def test_a_killed_release_is_released_again(conn, warehouse, home, run_dir, dataset_dir, stride):
    step = 1
    while run_and_kill(release, step, warehouse.dsn, home, (run_dir, dataset_dir)):
        assert_whole(conn, home)
        step += stride
    assert step > 30  # it was killed at many places before it came to its end
    release(conn, home, run_dir, dataset_dir)
    assert len(registry.list_adapters(conn)) == 1
    assert_whole(conn, home)
    assert_tidy(conn, home)


def test_a_killed_promotion_leaves_the_alias_where_it_was(conn, warehouse, home, make_run, dataset_dir):
    first, second = (release(conn, home, make_run(seed), dataset_dir) for seed in (1, 2))
    promote(conn, home, first)
    step = 1
    while run_and_kill(promote, step, warehouse.dsn, home, (second,)):
        assert registry.resolve(conn).adapter_id == first
        step += 1
    assert step > 3
    assert [move.adapter_id for move in registry.history(conn)] == [first, second]


def test_a_rotation_killed_again_and_again_comes_to_its_end(conn, warehouse, home, make_run, dataset_dir):
    """Each run goes on where the one before was killed, and gets a little further."""
    for seed in (1, 2):
        release(conn, home, make_run(seed), dataset_dir)
    old_id = registry.list_adapters(conn)[0].key_id
    kills = 0
    while run_and_kill(rotate, 20 + 7 * kills, warehouse.dsn, home, ()):
        assert_whole(conn, home)
        kills += 1
    assert kills > 1
    assert_whole(conn, home)
    assert_tidy(conn, home)
    assert old_id not in {record.key_id for record in registry.list_adapters(conn)}


@EVERY
def test_a_rotation_killed_anywhere_is_finished_by_the_next(conn, warehouse, home, make_run, dataset_dir, stride):
    for seed in (1, 2):
        release(conn, home, make_run(seed), dataset_dir)
    step = 1
    while run_and_kill(rotate, step, warehouse.dsn, home, ()):
        assert_whole(conn, home)
        rotate(conn, home)
        assert_whole(conn, home)
        assert_tidy(conn, home)
        step += stride
    assert step > 40
