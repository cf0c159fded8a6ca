"""The page in headless Chromium, served by a real process on a real warehouse, with screenshots of what it looks like.

The browser is the system's own (Debian: `apt-get install chromium`). A machine without one skips these tests and says
so; with REQUIRE_BROWSER=1, as `.ci/run` sets it, they fail there.
"""

import json
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from dagster_project.warehouse.settings import Warehouse
from tests.serving.support import free_port, wait_until
from training.sql.catalog import Catalog

REPOSITORY = Path(__file__).parents[3]
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_HERE = Path(__file__).parent

ANSWERS = {
    "How many orders?": "select count(*) from orders",
    "How many slow orders?": "select count(*) from orders",
    "What did Ada Lovelace order?": "select order_id from orders where customer_id = 1 limit 3",
    "Orders by status": "select status, count(*) as order_count from orders group by status order by order_count desc",
    "Revenue by week": "select cast(date_trunc('week', ordered_at) as date) as week, sum(total) as revenue from orders"
    " where status <> 'open' group by week order by week",
    "Who are the customers?": "select customer_id, full_name from customers order by customer_id",
    "Which products?": "select name from products",
    "<script>document.title = 'owned'</script>": "select '<img src=x onerror=alert(1)>'",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium, for one module: while it is open, Playwright's event loop runs in this thread."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        missing = "The page was not tested in a browser: install Chromium (Debian: apt-get install chromium)."
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail(missing)
        warnings.warn(missing, stacklevel=1)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def address(shop: Warehouse, catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the running API."""
    with psycopg.connect(shop.admin_dsn, autocommit=True) as admin:
        admin.execute((_HERE / "more_shop.sql").read_text())
    with psycopg.connect(shop.dsn, autocommit=True) as owner:
        owner.execute((_HERE / "queue.sql").read_text())
    saved = tmp_path_factory.mktemp("catalog") / "catalog.json"
    catalog.save(saved)
    environment = {
        **os.environ,
        "AUDITUNE_HOME": str(shop.home),
        "AUDITUNE_API_DSN": shop.api_dsn,
        "AUDITUNE_READER_DSN": shop.reader_dsn,
        "AUDITUNE_SCHEMAS": "shop",
        "AUDITUNE_API_PORT": str(free_port()),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.serving.page.stub_server"],
        cwd=REPOSITORY,
        env=environment,
        stdin=subprocess.PIPE,
        text=True,
    )
    json.dump({"answers": ANSWERS, "catalog": str(saved)}, process.stdin)
    process.stdin.close()
    url = f"http://127.0.0.1:{environment['AUDITUNE_API_PORT']}"
    try:
        wait_until(lambda: _is_ready(process, url), seconds=180)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """Where the pictures of the page are kept: `.auditune/screenshots` of this clone."""
    folder = REPOSITORY / ".auditune" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def context(browser: Browser, address: str) -> Iterator[BrowserContext]:
    """A fresh browser window without cookies. What the page's scripts or its policy complain about fails the test."""
    expect.set_options(timeout=30_000)
    complaints: list[str] = []
    window = browser.new_context(base_url=address, viewport={"width": 1100, "height": 900})
    window.on("weberror", lambda error: complaints.append(str(error.error)))
    window.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield window
    window.close()
    # a refused form is an answer like others; Chromium reports its status all the same
    assert [text for text in complaints if "the server responded with a status of 4" not in text] == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A page of that window."""
    return context.new_page()


@pytest.fixture
def picture(screenshots: Path) -> Callable[[Page, str], None]:
    """Keeps a picture of a whole page, in light and in dark."""

    def keep(page: Page, name: str) -> None:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.screenshot(path=screenshots / f"{name}-{scheme}.png", full_page=True)

    return keep


def _is_ready(process: subprocess.Popen, url: str) -> bool:
    assert process.poll() is None, "the API ended"
    try:
        return httpx.get(f"{url}/ready", timeout=10).status_code == 200
    except httpx.TransportError:
        return False
