"""What a run took, stage by stage, and at a failure the sentences that say why. Called by `pipeline.py`."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dagster as dg

# Steps of the job, by the stage of the report that they belong to.
STAGES = {
    "sample_business": "sample business",
    "sample__workload": "replay",
    "ingest_log": "ingest",
    "dbt_statements": "dbt statements",
    "raw_training__drafted_questions": "drafts",
    "dbt_candidates": "dbt candidates",
    "raw_training__pair_validations": "sandbox validation",
    "dbt_corpus": "dbt corpus",
    "corpus_quality_gate": "great expectations",
    "training__dataset": "dataset",
    "build_test_suite": "test databases",
    "train_adapter": "training",
    "evaluate_adapter": "evaluation",
    "release_adapter": "release",
    "ask_held_out_questions": "serving",
    "dbt_monitoring": "dbt monitoring",
}


class Progress:
    """Collects seconds by stage and the sentences of what failed."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self.seconds: dict[str, float] = {}
        self._failures: list[str] = []

    def stage_done(self, stage: str, seconds: float) -> None:
        """Notes a stage that is done, and says so."""
        self.seconds[stage] = round(self.seconds.get(stage, 0.0) + seconds, 1)
        self._say(f"{stage}: done in {seconds:.1f} s")

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Times a stage that is no Dagster step."""
        started = time.monotonic()
        yield
        self.stage_done(name, time.monotonic() - started)

    def fail(self, sentence: str) -> None:
        """Notes why a step failed."""
        if sentence not in self._failures:
            self._failures.append(sentence)

    def failure_text(self) -> str:
        """Returns what failed and what to do, for the terminal's last lines."""
        failures = self._failures or ["A step failed; see its log in Dagster's UI (`make up`)."]
        return "\n".join(failures) + "\nWhat was done is kept: after mending this, `make run` goes on from there."

    def collect(self, instance: dg.DagsterInstance, result: dg.ExecuteInProcessResult) -> None:
        """Reads seconds and failures out of a finished run."""
        for step in instance.get_run_step_stats(result.run_id):
            if step.step_key in STAGES and step.start_time and step.end_time:
                self.seconds[STAGES[step.step_key]] = round(step.end_time - step.start_time, 1)
        for event in result.all_events:
            if event.is_step_failure:
                for sentence in check_sentences(event.step_key, result) or [step_failure(event)]:
                    self.fail(sentence)


def check_sentences(step_key: str, result: dg.ExecuteInProcessResult) -> list[str]:
    """Returns what the checks of a step say about their failure; none where it failed of something else."""
    evaluations = [
        event.asset_check_evaluation_data
        for event in result.all_events
        if event.event_type_value == "ASSET_CHECK_EVALUATION" and event.step_key == step_key
    ]
    return [
        f"{found.check_name}: {found.description}" for found in evaluations if not found.passed and found.description
    ]


def step_failure(event: dg.DagsterEvent) -> str:
    """Returns the sentence of a step's failure: its own where it raised dg.Failure, else the first error's."""
    data = event.event_specific_data
    stage = STAGES.get(event.step_key, event.step_key)
    if data.user_failure_data is not None:
        return f"{stage}: {data.user_failure_data.description}"
    error = data.error
    while error.cause is not None:
        error = error.cause
    return f"{stage}: {error.message.strip()}"
