"""Prometheus metrics of the API. Labels hold routes, outcomes and stages; never a user's text."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The metrics of one app, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.http_requests = Counter(
            "auditune_http_requests", "HTTP requests", ["route", "status"], registry=self.registry
        )
        self.answers = Counter(
            "auditune_answers", "Questions answered, by outcome: ok or an error class", ["route", "outcome"],
            registry=self.registry,
        )  # fmt: skip
        self.shed = Counter(
            "auditune_shed_requests", "Questions refused, what they wait for being full: engine, log", ["full"],
            registry=self.registry,
        )  # fmt: skip
        self.stage_seconds = Histogram(
            "auditune_stage_seconds", "Time by stage: generation, guard, execution, total, log", ["stage"],
            buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self.tokens = Counter(
            "auditune_tokens",
            "Tokens, by kind: prompt, completion; of the completion, forced by the grammar without a step of the model",
            ["kind"], registry=self.registry,
        )  # fmt: skip
        self.grammar_rejections = Counter(
            "auditune_grammar_rejections",
            "Answers inside the grammar that could not be used (too long, a name out of place): others were drawn",
            registry=self.registry,
        )
        self.prefix_cache_hits = Counter(
            "auditune_prefix_cache_hits", "Questions whose schema the model had read before", registry=self.registry
        )
        self.log_rows = Counter(
            "auditune_request_log_rows", "Rows by state: written, without_text, refused, damaged", ["state"],
            registry=self.registry,
        )  # fmt: skip

    def watch(self, name: str, description: str, read: Callable[[], float]) -> None:
        """Add a gauge that is read at each scrape."""
        Gauge(name, description, registry=self.registry).set_function(read)

    def render(self) -> bytes:
        """Return all metrics in Prometheus's text format."""
        return generate_latest(self.registry)
