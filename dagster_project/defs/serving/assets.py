"""The API, asked held-out questions over HTTP, and the raw tables that it writes."""

import json

import dagster as dg
import numpy as np

from dagster_project.api_process import running_api
from dagster_project.corpus.dataset import current_dataset
from dagster_project.resources.warehouse import WarehouseResource

OWNERS = ["platform@example.com"]
QUESTIONS = 24

# What people add through the API while it runs; an asset without code, so that it can feed the corpus of the next run.
feedback = dg.AssetSpec(
    ["raw_serving", "feedback"], group_name="serving", kinds={"postgres"}, owners=OWNERS,
    description="One row per verdict that a person gave on an answer.",
)  # fmt: skip
reviews = dg.AssetSpec(
    ["raw_serving", "reviews"], group_name="serving", kinds={"postgres"}, owners=OWNERS,
    description="One row per decision of a reviewer on a proposed pair.",
)  # fmt: skip
adapter_events = dg.AssetSpec(
    ["raw_serving", "adapter_events"], group_name="serving", kinds={"postgres"}, owners=OWNERS,
    description="One row per attempt of the API to follow an alias to another adapter.",
)  # fmt: skip


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["serving", "held_out_answers"],
            deps=[["release", "champion"], ["training", "dataset"]],
            group_name="serving",
            kinds={"fastapi"},
            owners=OWNERS,
            description="One answer of the champion over HTTP per held-out question, executed on the business schema.",
        ),
        dg.AssetSpec(
            ["raw_serving", "requests"],
            deps=[["release", "champion"]],
            group_name="serving",
            kinds={"postgres", "fastapi"},
            owners=OWNERS,
            description="One row per question asked through the API, pseudonymized.",
        ),
    ],
    name="ask_held_out_questions",
)
def ask_held_out_questions(context: dg.AssetExecutionContext, warehouse: WarehouseResource):
    """Starts the API on the champion, asks it held-out questions with execution on, and stops it."""
    settings = warehouse.settings
    questions = held_out_questions(current_dataset(settings.home) / "pairs.jsonl", QUESTIONS)
    latencies, executed = [], 0
    try:
        with running_api(settings.environment()) as api:
            for number, question in enumerate(questions, start=1):
                answer = api.post("/v1/sql", json={"question": question, "execute": "rows", "max_rows": 100})
                answer.raise_for_status()
                body = answer.json()
                latencies.append(body["timings_ms"]["total"])
                executed += bool(body["executed"])
                if number % 8 == 0:
                    context.log.info(f"{number} of {len(questions)} questions asked, {executed} executed")
    except RuntimeError as error:
        raise dg.Failure(f"{error} Start it by hand with `make up` to see more.") from error
    with warehouse.owner() as connection:
        total = warehouse.count(connection, "raw_serving.requests")
    yield dg.MaterializeResult(
        asset_key=["serving", "held_out_answers"],
        metadata={
            "asked": len(questions),
            "executed_ok": executed,
            "p50_ms": float(np.percentile(latencies, 50)),
            "p95_ms": float(np.percentile(latencies, 95)),
        },
    )
    yield dg.MaterializeResult(asset_key=["raw_serving", "requests"], metadata={"dagster/row_count": total})


def held_out_questions(pairs_file, limit: int) -> list[str]:
    """Returns questions that training has not seen: new phrasings first, then unseen templates, in the file's order.

    Args:
        pairs_file: pairs.jsonl of the data set.
        limit: at most this many.
    """
    pairs = [json.loads(line) for line in pairs_file.read_text(encoding="utf-8").splitlines()]
    phrasings = [pair["input"] for pair in pairs if pair["question_split"] == "test"]
    templates = [pair["input"] for pair in pairs if pair["template_split"] == "test"]
    return (phrasings + templates)[:limit]
