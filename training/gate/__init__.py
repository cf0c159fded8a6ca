"""The release gate: may a challenger become champion? `decision` decides, the others count, compare and report.

Pure but for `storing`; called by the Dagster asset that decides on a release.
"""

from training.gate.decision import GateDecision, decide
from training.gate.finding import Finding, Verdict
from training.gate.scorecard import Score, Scorecard

__all__ = ["Finding", "GateDecision", "Score", "Scorecard", "Verdict", "decide"]
