"""The profile of a training step: each operation is of one kind, and the command ends with one line of JSON."""

import json

import pytest
import torch

from tests.training.training_process import write_config
from training.benchmarks.__main__ import main
from training.benchmarks.profile_shares import longest_operations, matrix_product_share, time_shares
from training.blocked_attention import BlockedAttention
from training.row_layout import Group

CPU = [torch.profiler.ProfilerActivity.CPU]


def test_each_operation_is_of_its_kind():
    left, right = torch.ones(64, 64), torch.ones(64, 64)
    row = [torch.ones(2, 12, 8, requires_grad=True) for _ in range(3)]
    with torch.profiler.profile(activities=CPU) as products:
        left.clone().addmm_(left, right)  # how the fused layers add their adapter
    with torch.profiler.profile(activities=CPU) as attending:
        BlockedAttention.apply(*row, 1.0, (Group(4, (5, 3)),)).sum().backward()

    assert time_shares(products.events())["projections"] > 0
    assert time_shares(products.events())["attention_products"] == 0
    assert "aten::clone" in longest_operations(products.events(), "rest", 9)
    assert min(time_shares(attending.events())[kind] for kind in ("attention_products", "attention_other")) > 0
    assert time_shares(attending.events())["projections"] == 0


def test_the_command_profiles_whole_steps_of_a_preset(tmp_path, capsys):
    config = write_config(tmp_path / "c.yaml", lora_first_layer=1, gradient_accumulation=2, tokens_per_pass=150)
    arguments = ["--config", str(config), "--model", "tiny", "--schema-length", "40", "--steps", "1"]
    assert main(["step_profile", *arguments, "--out", str(tmp_path / "r.json")]) == 0
    result = json.loads(capsys.readouterr().out.strip().splitlines()[-1])

    assert result == json.loads((tmp_path / "r.json").read_text())
    assert sum(result["shares"].values()) == pytest.approx(1, abs=0.003)
    assert min(result["shares"].values()) > 0
    parts = result["shares"]["projections"] + result["shares"]["attention_products"]
    assert result["matrix_product_share"] == pytest.approx(parts, abs=0.002)
    assert (result["preset"], result["pairs_a_step"]) == ("test", 16)


def test_a_preset_for_gpus_is_refused(capsys):
    assert main(["step_profile", "--config", "training/configs/llama3.1-8b-qlora.yaml"]) == 1
    assert "needs GPUs" in capsys.readouterr().err


def test_the_share_of_matrix_products_holds_those_of_attention():
    with torch.profiler.profile(activities=CPU) as profile:
        torch.ones(8, 8) @ torch.ones(8, 8)
    assert matrix_product_share(profile.events()) == time_shares(profile.events())["projections"]
