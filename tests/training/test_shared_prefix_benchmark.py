"""The benchmark of the shared prefix: its contestants train the same, and its count of operations is the true one."""

import json
from argparse import Namespace
from dataclasses import asdict, replace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from training.benchmarks import shared_prefix, shared_prefix_worker
from training.benchmarks.__main__ import main
from training.benchmarks.shared_prefix_task import Task, build_model, draw_batches, training_config, useful_operations
from training.errors import BadInput, TrainingFailed
from training.model import attach_lora

TASK = Task("tiny", schema_length=40, batch=4, pairs_per_pass=4, steps=1, device="cpu", dtype="float32")


@pytest.fixture
def run(capsys, monkeypatch):
    """Runs a contestant in this process."""
    monkeypatch.setattr(shared_prefix_worker, "_limit_memory", lambda: None)

    def measure(name: str, task: Task) -> dict:
        assert shared_prefix_worker.main([name, json.dumps(asdict(task))]) == 0
        return json.loads(capsys.readouterr().out.strip().splitlines()[-1])

    return measure


def test_contestants_compute_the_same_loss_however_many_pairs_a_pass_holds(run):
    task = replace(TASK, schema_length=150)  # so that the warm-up's schema is shorter
    ours, padded = run("ours", task), run("padded", replace(task, pairs_per_pass=2))
    assert ours["losses"] == pytest.approx(padded["losses"], rel=1e-5)
    assert len(ours["seconds"]) == TASK.steps
    assert 0 < ours["matrix_product_share"] < 1


def test_trl_computes_it_too(run):
    pytest.importorskip("trl", reason="the optional packages of the group `bench` are not installed")
    task = replace(TASK, schema_length=150, pairs_per_pass=2)
    assert run("trl", task)["losses"] == pytest.approx(run("padded", task)["losses"], rel=1e-4)


def test_useful_operations_are_those_of_a_pair_without_padding():
    task = replace(TASK, batch=1, pairs_per_pass=1)
    prefix, (examples, _) = draw_batches(task)
    base, config = build_model(task), training_config(task)
    expected = useful_operations(base, len(prefix), examples, config.lora_rank)
    attach_lora(base, config)
    base.set_attn_implementation("shared_prefix")
    in_place = {torch.ops.aten.addmm_: lambda _, left, right, **__: 2 * left[0] * left[1] * right[1]}
    with FlopCounterMode(display=False, custom_mapping=in_place) as counter:
        shared_prefix_worker.shared_loss(base, prefix, examples).backward()
    # The difference: scores that are computed again in the backward pass, and those of keys that are ahead.
    assert 0.85 * counter.get_total_flops() < expected < counter.get_total_flops()


def test_different_losses_are_not_compared():
    runs = {"padded": [{"losses": [5.0, 4.9]}], "trl": [{"losses": [5.0, 4.0]}]}
    with pytest.raises(TrainingFailed, match="'trl' is 4.0000"):
        shared_prefix._require_same_loss(runs, 0.02)


def test_without_trl_the_command_says_how_to_install_it(monkeypatch, capsys):
    monkeypatch.setattr(shared_prefix, "find_spec", lambda name: None)
    assert main(["shared_prefix"]) == 1
    assert "--group bench" in capsys.readouterr().err


def test_without_a_gpu_cuda_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(shared_prefix, "find_spec", lambda name: name)
    with pytest.raises(BadInput, match="--device cpu"):
        shared_prefix.measure_shared_prefix(Namespace(device="cuda"), print)
