"""The whole API around a model that knows every answer at once: what is left is the API's own time.

Run by api_overhead.py as `python -m serving.benchmarks.stub_api PORT DATASET`. The warehouse is away, so request rows
take the road that they take then.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

import uvicorn

from serving.__main__ import server_config
from serving.app import create_app
from serving.logs import configure_logging
from serving.service import Champion
from serving.settings import Settings
from serving.startup import bind
from training.generation import Generation
from training.sql.catalog import Catalog

_AWAY = "postgresql://nobody@127.0.0.1:1/none"
KEY = "of-a-benchmark-that-holds-no-data"  # other keys are in the warehouse


def main(port: int, dataset: Path) -> None:
    """Serves until it is told to stop.

    Args:
        port: On 127.0.0.1.
        dataset: Folder whose pairs are the answers.
    """
    lines = (dataset / "pairs.jsonl").read_text(encoding="utf-8").splitlines()  # training.data would bring torch
    pairs = [json.loads(line) for line in lines if line]
    answers = {pair["input"]: Generation(pair["output"], 400, 20) for pair in pairs}
    champion = Champion(
        adapter_id="stub",
        base_model="stub",
        catalog=Catalog.load(dataset / "catalog.json"),
        created=0,
        generate=lambda questions: [answers[question] for question in questions],
    )
    with tempfile.TemporaryDirectory(prefix="auditune-benchmark-") as home, Path(os.devnull).open("w") as nowhere:
        configure_logging(nowhere)
        settings = Settings(home=Path(home), api_port=port, api_dsn=_AWAY, reader_dsn=_AWAY, api_key=KEY)
        with bind(settings.api_host, settings.api_port) as listener:
            uvicorn.Server(server_config(create_app(settings, champion), settings)).run(sockets=[listener])


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
