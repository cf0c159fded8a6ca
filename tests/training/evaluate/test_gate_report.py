"""From a real evaluation of a tiny Llama, on a real server, to the gate's report."""

import json
from pathlib import Path

import pytest

import training
from tests.training.small_dataset import pair_rows, write_dataset
from training.config import load_config
from training.evaluate.run import run_evaluation
from training.gate import Scorecard, decide
from training.gate.report import Subject
from training.gate.storing import store_report
from training.model import attach_lora, load_base

CONFIG = Path(training.__file__).parent / "configs" / "tiny-random.yaml"


@pytest.fixture(scope="module")
def evaluated(sandbox_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an evaluation of the base model and an adapter that learnt nothing."""
    folder = tmp_path_factory.mktemp("evaluated")
    model, _ = load_base("random:tiny", "float32", device="cpu")
    attach_lora(model, load_config(CONFIG)).save_pretrained(folder / "adapter")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AUDITUNE_SANDBOX_DSN", sandbox_dsn)
        rows = pair_rows()
        for row in rows:
            if row["template_split"] == "test":  # a template that training does not know
                row |= {"input": f"the largest of {row['id']}", "output": "SELECT MAX(orders.total) FROM orders"}
        data = write_dataset(folder / "data", rows)
        run_evaluation(CONFIG, data, folder / "out", "random:tiny", folder / "adapter", ("base", "adapter"))
    return folder / "out"


def test_the_report_of_an_adapter_that_learnt_nothing(evaluated: Path, tmp_path: Path) -> None:
    scores = json.loads((evaluated / "evaluation.json").read_text())
    results = [json.loads(line) for line in (evaluated / "results.jsonl").read_text().splitlines()]
    challenger, base = (Scorecard.from_evaluation(name, scores, results) for name in ("adapter", "base"))
    (tmp_path / "metrics.jsonl").write_text('{"step": 1, "loss": 2.0, "validation_loss": 3.0}\n')
    decision = decide(challenger, challenger, base)
    subject = Subject("a1", "run-1", "random:tiny", "feed", None)
    stored = store_report(tmp_path, subject, decision, challenger, None, base, tmp_path / "metrics.jsonl")
    text = (stored.folder / "report.md").read_text()

    assert decision.reason.startswith(
        "Not promoted: it was asked no injection question; it is not better than the base"
    )
    assert "| measured | question_split | all | passes | 3 | 0.0% [0.0%, 56.1%] |" in text
    assert "| no_join | open | 3 | 0.0% | 0.0% | +0.0 [-56.1, +56.1] | 1.000 |" in text
    assert "× 1.00 [1.00, 1.00]" in text  # its own time, by its own clock
    assert (stored.folder / "errors.png").is_file()
    assert "SELECT" not in text
