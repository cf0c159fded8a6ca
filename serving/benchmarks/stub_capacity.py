"""The API around a model of a fixed capacity that takes no work, in a process of its own; run by `load` and the tests.

Run as: `python -m serving.benchmarks.stub_capacity ANSWERS_PER_SECOND`, with the API's own settings in the environment.
A question holds a number; its answer is `SELECT <that number> AS answer`, so that a wrong pairing shows.
"""

import re
import sys
import time

import uvicorn

from serving.__main__ import server_config
from serving.app import create_app
from serving.logs import configure_logging
from serving.service import Champion
from serving.settings import Settings
from serving.startup import bind
from training.generation import Generation
from training.sql.catalog import Catalog, Column, Table

ADAPTER_ID = "load-test"
_CATALOG = Catalog((Table("shop", "orders", None, (Column("order_id", "integer", False, True),)),))
_NUMBER = re.compile(r"[0-9]+")


def main(answers_per_second: float) -> None:
    """Serve until told to stop.

    Args:
        answers_per_second: The model's capacity, with full batches.
    """
    configure_logging(sys.stderr)
    settings = Settings.from_environment()
    batch_seconds = settings.engine_batch_size / answers_per_second

    def generate(questions: list[str]) -> list[Generation]:
        time.sleep(batch_seconds)
        return [Generation(f"SELECT {_NUMBER.search(question)[0]} AS answer", 400, 20) for question in questions]

    listener = bind(settings.api_host, settings.api_port)
    app = create_app(settings, Champion(ADAPTER_ID, "none", _CATALOG, 0, generate))
    uvicorn.Server(server_config(app, settings)).run(sockets=[listener])


if __name__ == "__main__":
    main(float(sys.argv[1]))
