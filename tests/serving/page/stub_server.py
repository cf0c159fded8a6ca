"""The API as a process of its own around a model that answers from a table: JSON on standard input.

Run as: `python -m tests.serving.page.stub_server`, with the API's settings in the environment. `answers` holds question
→ SQL; a question that it lacks makes the model fail. `catalog` is the path of a saved catalog.
"""

import json
import sys
import time

import uvicorn

from serving.app import create_app
from serving.service import Champion
from serving.settings import Settings
from tests.serving.support import Generated
from training.sql.catalog import Catalog

SLOW_SECONDS = 0.8


def main() -> None:
    """Serve until the process is stopped."""
    told = json.load(sys.stdin)

    def generate(questions: list[str]) -> list[Generated]:
        time.sleep(SLOW_SECONDS * any("slow" in question for question in questions))
        return [Generated(told["answers"][question]) for question in questions]

    settings = Settings()
    champion = Champion("aaaabbbbcccc", "models/base.gguf", Catalog.load(told["catalog"]), 1_700_000_000, generate)
    uvicorn.run(
        create_app(settings, champion),
        host=settings.api_host,
        port=settings.api_port,
        log_config=None,
        access_log=False,
    )


if __name__ == "__main__":
    main()
