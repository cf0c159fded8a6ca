"""The jobs: the whole road at once, and the two that the schedules run."""

import dagster as dg

from dagster_project.defs.audit.assets import log_days

whole_road = dg.define_asset_job(
    "whole_road",
    selection=dg.AssetSelection.all(),
    partitions_def=log_days,
    description="From the query log to a served adapter, once; what `make run` does.",
)
nightly = dg.define_asset_job(
    "nightly",
    # the sample business and its replayed workload are no part of any night
    selection=dg.AssetSelection.all() - dg.AssetSelection.groups("sample"),
    partitions_def=log_days,
    description="New log lines, corpus, training where the corpus has changed, evaluation, gate, release, monitoring.",
)
monitoring = dg.define_asset_job(
    "monitoring",
    selection=dg.AssetSelection.groups("monitoring"),
    description="Rebuilds the monitoring tables from what the API and the training have written.",
)
