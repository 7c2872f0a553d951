"""What axe-core, a screen reader's and a printer's view say of each view."""

import re
from importlib.resources import files

import pytest
from playwright.sync_api import expect

from tests.atlas.browser.conftest import NARROW, WIDE, Opened
from tests.atlas.browser.test_views import VIEWS

pytestmark = [pytest.mark.browser, pytest.mark.long]

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
SERIOUS = ("serious", "critical")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(opened: Opened, size: tuple[int, int], scheme: str) -> None:
    page = opened(size=size, scheme=scheme)
    page.evaluate(AXE)
    found = {}
    for view, text in VIEWS.items():
        page.evaluate("view => { location.hash = view; }", view or "#findings")
        page.get_by_text(text).first.wait_for()
        told = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        found[view] = [
            (each["id"], each["nodes"][0]["html"][:200], len(each["nodes"]))
            for each in told["violations"]
            if each["impact"] in SERIOUS
        ]
    assert not any(found.values()), {view: told for view, told in found.items() if told}


def test_a_view_has_landmarks_and_one_heading_and_takes_the_focus(opened: Opened) -> None:
    page = opened()
    for view in VIEWS:
        page.evaluate("view => { location.hash = view; }", view or "#findings")
        page.wait_for_timeout(100)
        assert page.get_by_role("heading", level=1).count() == 1
        assert page.get_by_role("main").count() == page.get_by_role("banner").count() == 1
        assert page.get_by_role("navigation", name="Views").locator("[aria-current=page]").count() == 1
    assert page.evaluate("document.activeElement.tagName") == "H1"


def test_each_view_has_its_title(opened: Opened) -> None:
    page = opened("#unit=net/block%2Flayer4/3")
    expect(page).to_have_title(re.compile("^Unit 3 "))
    page.evaluate("location.hash = '#claims'")
    expect(page).to_have_title(re.compile("^Claims "))


def test_paper_shows_all_rows_and_no_controls(opened: Opened) -> None:
    page = opened("#units", scheme="dark")
    page.get_by_text("40 of 40 rows").wait_for()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert not page.get_by_role("banner").is_visible()
    assert not page.locator(".tools").first.is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("table.paper tbody tr").count() == 40
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("table.paper").count() == 0
