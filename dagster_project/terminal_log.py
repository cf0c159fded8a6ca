"""Dagster's log of a run for a terminal: steps as they start and end, what assets say, failed checks. Nothing else.

Bound in `definitions.py` for every run; the full event log stands in Dagster's UI.
"""

import logging
import sys

import dagster as dg


class _TerminalFormatter(logging.Formatter):
    """One line per thing worth telling a person."""

    def format(self, record: logging.LogRecord) -> str:
        meta = record.__dict__["dagster_meta"]
        event = meta["dagster_event"]
        if event is None:
            return f"    {meta['orig_message']}"
        if event.event_type_value == "STEP_START":
            return f"{event.step_key} ..."
        if event.event_type_value == "STEP_FAILURE":
            return f"{event.step_key} FAILED"  # why is said at the end, without the stack
        if event.event_type_value == "ASSET_CHECK_EVALUATION":
            return f"    check failed: {event.message}"
        return f"    {event.message}"


def _is_worth_telling(record: logging.LogRecord) -> bool:
    meta = record.__dict__.get("dagster_meta", {})
    event = meta.get("dagster_event")
    if event is None:
        return record.levelno >= logging.INFO and bool(meta.get("orig_message"))
    if event.event_type_value == "ASSET_CHECK_EVALUATION":
        return not event.event_specific_data.passed
    return event.event_type_value in ("STEP_START", "STEP_SUCCESS", "STEP_FAILURE")


@dg.logger(description="Steps, messages and failures, one line each, on standard output.")
def terminal_logger(_: dg.InitLoggerContext) -> logging.Logger:
    """Returns the logger that writes a run to the terminal."""
    logger = logging.Logger("auditune run", logging.DEBUG)
    # the terminal itself: `make run` sends what dbt prints, which goes through sys.stdout, to a file
    handler = logging.StreamHandler(sys.__stdout__)
    handler.setFormatter(_TerminalFormatter())
    handler.addFilter(_is_worth_telling)
    logger.addHandler(handler)
    return logger
