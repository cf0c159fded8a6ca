"""The presets are valid, and a wrong setting is refused with a sentence that names it."""

from pathlib import Path

import pytest

import training
from training.config import TrainingConfig, config_from_dict, load_config
from training.errors import BadInput

PRESETS = sorted((Path(training.__file__).parent / "configs").glob("*.yaml"))
VALID = {
    "name": "x", "base_model": "random:tiny", "dtype": "float32", "lora_targets": "attention", "lora_rank": 4,
    "lora_alpha": 8, "learning_rate": 1e-3, "epochs": 1, "batch_size": 2, "max_new_tokens": 8,
}  # fmt: skip


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_preset_is_valid_and_named_for_its_file(path):
    assert load_config(path).name == path.stem


def test_published_recipe_is_what_the_8b_preset_holds():
    config = load_config(next(path for path in PRESETS if path.stem == "llama3.1-8b-gpu"))
    assert (config.lora_targets, config.learning_rate, config.epochs) == ("attention", 2e-4, 3)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"learning_rat": 1.0}, "learning_rat"),
        ({"epochs": "three"}, "epochs"),
        ({"epochs": True}, "epochs"),
        ({"epochs": 0}, "epochs"),
        ({"lora_targets": "some"}, "lora_targets"),
        ({"dtype": "float16"}, "dtype"),
    ],
)
def test_wrong_setting_is_named(change, named):
    with pytest.raises(BadInput, match=named):
        config_from_dict(VALID | change, "f.yaml")


def test_missing_setting_is_named():
    content = {name: value for name, value in VALID.items() if name != "base_model"}
    with pytest.raises(BadInput, match="base_model"):
        config_from_dict(content, "f.yaml")


def test_whole_numbers_are_fine_where_a_fraction_is_expected():
    assert config_from_dict(VALID | {"clip_norm": 2}, "f.yaml").clip_norm == 2.0


@pytest.mark.parametrize("content", ["", "- a\n", "a: [\n"])
def test_file_that_holds_no_settings(tmp_path, content):
    path = tmp_path / "c.yaml"
    path.write_text(content)
    with pytest.raises(BadInput):
        load_config(path)


def test_stored_settings_give_the_same_config():
    config = config_from_dict(VALID, "f.yaml")
    assert TrainingConfig(**config.to_dict()) == config
