"""The clicks that docs/atlas.md writes down lead from the first screen to the three answers."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.atlas.browser.conftest import Opened

pytestmark = pytest.mark.browser


def test_what_a_unit_does_and_how_sure_that_is(opened: Opened) -> None:
    page = opened()
    page.get_by_role("link", name="Units", exact=True).click()
    page.get_by_label("words verdict").select_option("confirmed")
    page.get_by_role("searchbox").fill("heart")
    page.locator(".tabulator-row a").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Unit ")
    expect(page.get_by_text("it answers to heart: confirmed; on images that did not choose the label")).to_be_visible()
    for title in ("Images that activate it most", "Where it stands on the curve", "Decisions that it carries"):
        expect(page.get_by_role("heading", name=title)).to_be_visible()


def test_why_an_image_was_decided_so(opened: Opened) -> None:
    page = opened()
    page.get_by_role("link", name="Images", exact=True).click()
    page.get_by_label("Class").select_option("heart")
    page.locator(".gallery a").first.click()
    expect(page.get_by_text("Maps are for the class")).to_be_visible()
    expect(page.get_by_role("heading", name="Units behind the decision")).to_be_visible()
    expect(page.get_by_role("heading", name="What would change it")).to_be_visible()
    page.get_by_role("grid", name="units behind").get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Unit ")


def test_which_results_are_not_to_be_trusted(opened: Opened) -> None:
    page = opened()
    page.get_by_role("button", name="What not to trust").click()
    doubts = page.locator("#doubts")
    expect(doubts.get_by_role("heading", name="What not to trust")).to_be_focused()
    expect(doubts.get_by_text("is not confirmed")).to_be_visible()
    doubts.get_by_role("link", name="Show").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Units")


def test_what_made_a_table(opened: Opened) -> None:
    page = opened("#claims")
    page.locator(".tools").get_by_role("link", name="claims.csv").click()
    job = page.get_by_role("region", name="The job")
    expect(job.get_by_text("0" * 64)).to_be_visible()
    expect(job.get_by_text("![](x)")).to_be_visible()
    record = job.get_by_role("link", name="Full record")
    expect(record).to_have_attribute("href", "../provenance/claims%40claims%400.json")
    page.get_by_role("searchbox").fill("effects")
    page.get_by_role("gridcell", name="units/net/effects.csv").get_by_role("link").click()
    expect(job.get_by_role("heading", name="units/net/effects.csv")).to_be_visible()


def test_the_document_names_what_is_clicked(root: Path) -> None:
    text = (root / "docs/atlas.md").read_text(encoding="utf-8")
    for name in ("Units", "Images", "What not to trust", "Units behind the decision", "What would change it"):
        assert f"*{name}*" in text
