"""Questions drafted for statements that nobody has given one: they wait in `corpus.review_queue` for a person."""

import json
import sys
from collections import Counter
from pathlib import Path

import dagster as dg
import psycopg
from dagster._core.errors import DagsterPipesExecutionError  # it has no public name

from dagster_project.corpus.draft_settings import DraftSettings
from dagster_project.corpus.drafting import (
    draft_paraphrases,
    draft_sentences,
    forget_personal_drafts,
    judged,
    sayable,
    store,
)
from dagster_project.corpus.paraphrase_server import ParaphraseServer
from dagster_project.embedded.settings import REPOSITORY
from dagster_project.resources.warehouse import WarehouseResource
from training.paraphrase import paraphrase_messages
from training.sql.catalog import Catalog, read_catalog

OWNERS = ["analytics@example.com"]


@dg.asset(
    key=["raw_training", "drafted_questions"],
    deps=[["intermediate", "int_statements_unasked"], ["corpus", "schema_catalog"]],
    group_name="corpus",
    kinds={"postgres", "python"},
    owners=OWNERS,
    code_version="1",
    description=(
        "One row per attempt to draft a question for a statement that nobody has given one: by the verbalizer, and by "
        "a model where AUDITUNE_DRAFT_URL or AUDITUNE_DRAFT_BASE_MODEL asks for it."
    ),
)
def drafted_questions(
    context: dg.AssetExecutionContext,
    warehouse: WarehouseResource,
    pipes_subprocess_client: dg.PipesSubprocessClient,
) -> dg.MaterializeResult:
    """Drafts questions for the most frequent statements that have none; each is tried once by each drafter."""
    settings = DraftSettings()
    with warehouse.owner() as connection:
        catalog = read_catalog(connection)
        forgotten = forget_personal_drafts(connection)
        results = {"verbalizer": draft_sentences(connection, catalog, settings.limit)}
        if settings.url:
            with ParaphraseServer(settings) as server:
                results[settings.model] = draft_paraphrases(
                    connection, catalog, server, settings.model, settings.limit, settings.paraphrases,
                    context.log.warning,
                )  # fmt: skip
        if settings.base_model:
            name = Path(warehouse.settings.base_model).name
            results[name] = _by_base_model(
                context, warehouse, pipes_subprocess_client, connection, catalog, name, settings
            )
        total = warehouse.count(connection, "raw_training.drafted_questions")
    outcomes = sum(results.values(), Counter())
    table = [
        dg.TableRecord({"drafted_by": drafter, "outcome": outcome, "questions": count})
        for drafter, counts in results.items()
        for outcome, count in counts.most_common()
    ]
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": total,
            "drafted": outcomes["drafted"],
            "refused": outcomes.total() - outcomes["drafted"] - outcomes["failed"],
            "failed": outcomes["failed"],
            "forgotten": forgotten,
            "new_drafts": dg.MetadataValue.table(
                table or [dg.TableRecord({"drafted_by": "none", "outcome": "none", "questions": 0})]
            ),
        }
    )


def _by_base_model(
    context: dg.AssetExecutionContext,
    warehouse: WarehouseResource,
    client: dg.PipesSubprocessClient,
    connection: psycopg.Connection,
    catalog: Catalog,
    name: str,
    settings: DraftSettings,
) -> Counter[str]:
    """Asks the base model in a process of its own, for it brings torch."""
    statements = sayable(connection, catalog, name, settings.limit)
    if not statements:
        return Counter()
    folder = warehouse.settings.home / "drafts"
    folder.mkdir(exist_ok=True)
    questions, answers = folder / "questions.jsonl", folder / "answers.jsonl"
    chats = [
        {"id": place, "messages": paraphrase_messages(said.sql, said.sentence, catalog, style)}
        for place, said in enumerate(statements)
        for style in range(settings.paraphrases)
    ]
    questions.write_text("".join(json.dumps(chat, ensure_ascii=False) + "\n" for chat in chats), encoding="utf-8")
    files = ["--questions", str(questions), "--out", str(answers)]
    try:
        client.run(
            command=[
                sys.executable, "-m", "dagster_project.training_process", "draft", *files,
                "--base-model", warehouse.settings.base_model,
            ],
            context=context,
            cwd=str(REPOSITORY),
            env=warehouse.settings.environment(),
        ).get_results()  # fmt: skip
    except DagsterPipesExecutionError as error:
        raise dg.Failure(
            "`python -m training draft` failed: its last line above says why; mend that, or unset "
            "AUDITUNE_DRAFT_BASE_MODEL."
        ) from error
    texts: dict[int, list[str | None]] = {}
    for line in answers.read_text(encoding="utf-8").splitlines():
        answer = json.loads(line)
        texts.setdefault(answer["id"], []).append(answer["text"])
    drafts = {said.statement_hash: judged(said, texts.get(place, [])) for place, said in enumerate(statements)}
    return store(connection, drafts, name)
