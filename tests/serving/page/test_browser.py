"""The page as people use it: with a mouse, a keyboard, a screen reader, a telephone; with JavaScript and without."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from dagster_project.warehouse.settings import Warehouse

CHECKS = (Path(__file__).parent / "checks.js").read_text()
HOSTILE = "<script>document.title = 'owned'</script>"
_UNNAMED = re.compile(r"- (?:textbox|button|link|checkbox|img|region|table|heading)(?! [\"/])[^\n]*")


@pytest.fixture
def stored(shop: Warehouse) -> Iterator[Callable[[str], list[tuple]]]:
    """Runs a query as the owner."""
    with psycopg.connect(shop.dsn, autocommit=True) as owner:
        yield lambda query: owner.execute(query).fetchall()


def ask(page: Page, question: str) -> None:
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator("#answer .asked")).to_have_text(question)


def test_a_question_is_answered_with_sql_rows_and_a_chart(page: Page, picture) -> None:
    page.goto("/")
    picture(page, "empty")
    ask(page, "Orders by status")

    assert page.locator("pre.sql").inner_text().splitlines()[1] == "from orders"
    expect(page.get_by_role("img", name="count by status")).to_be_visible()
    expect(page.get_by_role("row")).to_have_count(5)
    expect(page.get_by_role("heading", name="Answer")).to_be_focused()
    picture(page, "bars")
    ask(page, "Revenue by week")
    expect(page.get_by_role("img", name="sum by date trunc")).to_be_visible()
    picture(page, "line")


def test_the_page_waits_for_a_slow_model_without_freezing(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Your question").fill("How many slow orders?")
    page.get_by_role("button", name="Ask").click()

    expect(page.locator("#progress")).to_have_text("Asking the model …")
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_disabled()
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_enabled()


def test_what_people_and_tables_say_is_text_and_never_markup(page: Page, picture) -> None:
    asked: list[str] = []
    page.on("dialog", lambda dialog: asked.append(dialog.message))
    page.goto("/")
    ask(page, "Who are the customers?")
    expect(page.get_by_role("cell", name='<b onmouseover="alert(1)">Bobby</b>')).to_be_visible()
    ask(page, HOSTILE)
    expect(page.get_by_role("cell", name="<img src=x onerror=alert(1)>")).to_be_visible()
    picture(page, "hostile")
    page.goto("/review")
    expect(page.locator("#candidate-d2 textarea").first).to_have_value("<script>document.title = 1</script>")

    assert page.title() == "Review · auditune"
    assert asked == []


def test_earlier_questions_are_shown_as_they_are_stored(page: Page, browser: Browser, address: str, picture) -> None:
    page.goto("/")
    ask(page, "What did Ada Lovelace order?")
    ask(page, "How many orders?")

    def shown() -> list[str]:
        page.goto("/")
        return page.locator(".past").all_inner_texts()

    for _ in range(50):  # the log writes its rows behind the answers
        if len(shown()) == 2:
            break
        page.wait_for_timeout(100)
    assert shown() == ["How many orders?", "What did <person> order?"]
    picture(page, "history")
    page.get_by_text("How many orders?").click()
    page.get_by_role("button", name="Put into the field").first.click()
    expect(page.get_by_label("Your question")).to_have_value("How many orders?")
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["expires"]) == (True, "Strict", -1)
    assert re.fullmatch(r"[0-9a-f]{64}", cookie["value"])  # two ids, and nothing that was asked
    other = browser.new_context(base_url=address)
    other.new_page().goto("/")
    expect(other.pages[0].locator(".past")).to_have_count(0)
    other.close()
    page.get_by_role("button", name="Forget this list").click()
    expect(page.get_by_role("status").first).to_have_text("This browser no longer lists your earlier questions.")
    expect(page.locator(".past")).to_have_count(0)


def test_a_correction_is_checked_while_it_is_typed_and_stored(page: Page, stored, picture) -> None:
    page.goto("/")
    ask(page, "Which products?")
    expect(page.get_by_role("alert")).to_contain_text("names a table that does not exist")
    page.get_by_text("Correct the SQL").click()
    field = page.get_by_label("The SQL that answers the question")
    check = page.locator("#corrected-sql-check")
    field.fill("select nme from customers")
    expect(check).to_have_class("check invalid")
    expect(field).to_have_attribute("aria-invalid", "true")
    picture(page, "correction")
    page.get_by_role("button", name="Send the correction").click()
    expect(page.get_by_role("alert").last).to_contain_text("Your SQL is not stored yet.")
    field.fill("select full_name from customers")
    expect(check).to_have_text("This would run. It reads customers.")
    page.get_by_role("button", name="Send the correction").click()

    expect(page.locator(".said")).to_contain_text("Your SQL is stored")
    (last,) = stored("select verdict, corrected_sql from raw_serving.feedback order by given_at desc limit 1")
    assert last == ("wrong", "select full_name from customers")


def test_everything_works_without_javascript(browser: Browser, address: str, stored) -> None:
    context = browser.new_context(base_url=address, java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    page.get_by_label("Your question").fill("How many orders?")
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_role("cell", name="2000")).to_be_visible()
    assert page.url == f"{address}/"  # the question stands in no address
    page.get_by_role("button", name="Right").click()
    expect(page.get_by_role("status").first).to_have_text("Thank you. The answer is stored as right.")
    page.get_by_role("link", name="Review").click()
    page.get_by_label("Your name").fill("ann")
    page.locator("#candidate-d1").get_by_role("button", name="Approve").click()
    expect(page.get_by_role("status").first).to_have_text("Approved.")
    context.close()

    assert ("d1", "ann", "approve") in stored("select candidate_id, reviewer, decision from raw_serving.reviews")


def test_a_queue_is_decided_with_single_keys(page: Page, stored, picture) -> None:
    page.goto("/review")
    page.get_by_label("Your name").fill("ben")
    picture(page, "review")
    page.keyboard.press("Escape")
    page.locator("h1").click()  # leaves the field
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("#candidate-c2")).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("e")
    page.keyboard.insert_text("Which is the ")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status").first).to_have_text("Approved with your changes.")
    expect(page.locator("#candidate-c2")).to_be_focused()  # the next one
    page.keyboard.press("r")
    expect(page.get_by_role("status").first).to_have_text("Rejected.")

    by_ben = "from raw_serving.reviews where reviewer = 'ben'"
    decided = stored(f"select candidate_id, decision {by_ben} order by reviewed_at")
    assert decided == [("c1", "edit"), ("c2", "reject")]
    page.get_by_role("checkbox").uncheck()
    page.keyboard.press("r")
    page.reload()
    expect(page.get_by_role("checkbox")).not_to_be_checked()
    assert len(stored(f"select {by_ben}")) == 2


def test_another_sites_page_decides_nothing(context: BrowserContext, address: str, stored) -> None:
    page = context.new_page()
    form = (
        f'<form method="post" action="{address}/review"><input name="reviewer" value="eve">'
        '<button name="decide" value="approve d2">Win a prize</button></form>'
    )
    context.route("http://elsewhere.example/", lambda route: route.fulfill(body=form, content_type="text/html"))
    page.goto("http://elsewhere.example/")
    with page.expect_response(f"{address}/review") as refused:
        page.get_by_role("button").click()

    assert refused.value.status == 403
    assert stored("select from raw_serving.reviews where reviewer = 'eve'") == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_can_be_read_and_controls_found(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    for show in (_show_answer, _show_review):
        show(page)
        page.evaluate(CHECKS + "; globalThis.found = [...hardToRead(), ...hardToFind()]")
        assert page.evaluate("found") == []


def test_a_screen_reader_finds_names_and_landmarks_and_a_keyboard_everything(page: Page) -> None:
    for show in (_show_answer, _show_review):
        show(page)
        tree = page.locator("body").aria_snapshot()
        assert _UNNAMED.findall(tree) == []
        for landmark in ("- banner", '- navigation "Tabs"', "- main"):
            assert landmark in tree
        assert tree.count("[level=1]") == 1
        page.evaluate(CHECKS + "; globalThis.waiting = new Set(reachable())")
        count = page.evaluate("waiting.size")
        for _ in range(count + 3):
            page.keyboard.press("Tab")
            page.evaluate("waiting.delete(document.activeElement)")
            assert page.evaluate("document.activeElement === document.body || parseFloat(getComputedStyle("
                                 "document.activeElement).outlineWidth) >= 2")  # fmt: skip
        assert page.evaluate("[...waiting].map((element) => element.outerHTML)") == []


def test_a_telephone_needs_no_sideways_scrolling(page: Page, picture) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    for name, show in (("answer", _show_answer), ("review", _show_review)):
        show(page)
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        picture(page, f"telephone-{name}")


def _show_answer(page: Page) -> None:
    """Everything that the first tab has, at once."""
    page.goto("/")
    ask(page, "Orders by status")
    page.get_by_text("Correct the SQL").click()
    page.get_by_label("The SQL that answers the question").fill("select nme from orders")
    expect(page.locator("#corrected-sql-check")).to_have_class("check invalid")
    page.get_by_text("What you can ask about").click()


def _show_review(page: Page) -> None:
    page.goto("/review")
    expect(page.get_by_role("checkbox")).to_be_visible()
