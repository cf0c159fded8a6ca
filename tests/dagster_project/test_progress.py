"""What a run says at its end: seconds by stage, and one sentence for each step that failed."""

import dagster as dg
import pytest

from dagster_project.progress import STAGES, Progress


def run_failing(error: Exception, cause: Exception | None = None) -> Progress:
    """Runs a job whose only step, the ingest, raises an error."""

    @dg.op(name="ingest_log")
    def ingest_log() -> None:
        raise error from cause

    @dg.job
    def road() -> None:
        ingest_log()

    progress = Progress(lambda sentence: None)
    with dg.DagsterInstance.ephemeral() as instance:
        progress.collect(instance, road.execute_in_process(instance=instance, raise_on_error=False))
    return progress


def test_a_failure_says_its_own_sentence_and_that_nothing_is_lost() -> None:
    progress = run_failing(dg.Failure("No log file matches x: point AUDITUNE_AUDIT_LOGS at one."), ValueError("inner"))

    assert progress.failure_text() == (
        "ingest: No log file matches x: point AUDITUNE_AUDIT_LOGS at one.\n"
        "What was done is kept: after mending this, `make run` goes on from there."
    )


def test_another_error_is_told_by_its_first_cause() -> None:
    progress = run_failing(RuntimeError("the wrapper"), OSError("No space left on device"))

    assert progress.failure_text().startswith("ingest: OSError: No space left on device\n")


def test_a_check_that_fails_says_its_own_sentence() -> None:
    @dg.asset
    def log_lines() -> None: ...

    @dg.asset_check(asset=log_lines, blocking=True)
    def columns_are_tagged() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False, description="shop.orders.contact has no tag: write one.")

    progress = Progress(lambda sentence: None)
    with dg.DagsterInstance.ephemeral() as instance:
        progress.collect(
            instance, dg.materialize([log_lines, columns_are_tagged], instance=instance, raise_on_error=False)
        )

    assert progress.failure_text().startswith("columns_are_tagged: shop.orders.contact has no tag: write one.\n")


def test_a_failure_without_a_sentence_points_to_the_ui() -> None:
    assert "make up" in Progress(lambda sentence: None).failure_text()


def test_the_same_sentence_is_said_once() -> None:
    progress = Progress(lambda sentence: None)
    progress.fail("training: no memory")
    progress.fail("training: no memory")

    assert progress.failure_text().count("no memory") == 1


def test_seconds_add_up_by_stage_and_are_told() -> None:
    told: list[str] = []
    progress = Progress(told.append)
    progress.stage_done("warehouse", 1.04)
    progress.stage_done("warehouse", 2.0)

    assert progress.seconds == {"warehouse": 3.0}
    assert told == ["warehouse: done in 1.0 s", "warehouse: done in 2.0 s"]


def test_a_stage_that_fails_is_not_done() -> None:
    progress = Progress(lambda sentence: None)
    with pytest.raises(ZeroDivisionError), progress.stage("dbt parse"):
        raise ZeroDivisionError

    assert progress.seconds == {}


def test_a_steps_seconds_stand_under_its_stage() -> None:
    @dg.op(name="ingest_log")
    def ingest_log() -> None:
        pass

    @dg.op
    def another() -> None:
        pass

    @dg.job
    def road() -> None:
        ingest_log()
        another()

    progress = Progress(lambda sentence: None)
    with dg.DagsterInstance.ephemeral() as instance:
        progress.collect(instance, road.execute_in_process(instance=instance))

    assert set(progress.seconds) == {STAGES["ingest_log"]}
