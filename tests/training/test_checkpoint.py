"""Checkpoints: the newest that is whole is read, and a broken one never takes a good one's place."""

import pytest

from training.checkpoint import load_checkpoint, save_checkpoint
from training.errors import TrainingFailed


def test_the_good_one_behind_a_broken_one_is_kept_by_the_next(tmp_path, capsys):
    for step in (1, 2):
        save_checkpoint(tmp_path, {"step": step})
    (tmp_path / "checkpoint.pt").write_bytes(b"half a checkpoint")
    assert load_checkpoint(tmp_path) == {"step": 1}
    assert "is broken" in capsys.readouterr().err
    save_checkpoint(tmp_path, {"step": 2})
    (tmp_path / "checkpoint.pt").write_bytes(b"half a checkpoint")
    assert load_checkpoint(tmp_path) == {"step": 1}


def test_all_broken(tmp_path):
    for name in ("checkpoint.pt", "checkpoint.previous.pt"):
        (tmp_path / name).write_bytes(b"broken")
    with pytest.raises(TrainingFailed, match="broken"):
        load_checkpoint(tmp_path)


def test_none_yet(tmp_path):
    assert load_checkpoint(tmp_path) is None
