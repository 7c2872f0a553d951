"""Every view opens from disk, once, in a real browser; names that look like markup are shown as text."""

import pytest

from tests.atlas.browser.conftest import NARROW, Opened
from tests.atlas.browser.made_up import HOSTILE

pytestmark = pytest.mark.browser

# What each view is addressed by, and a text that only its data can bring.
VIEWS = {
    "": "Without unit 3 heart loses",
    "#finding=0002": "The network says",
    "#units": "40 of 40 rows",
    "#units=net/fc": "5 of 5 rows",
    "#unit=net/block%2Flayer4/3": "What classes lose without unit 3",
    "#images": "6 of 6 images",
    "#images=other": "6 of 6 images",
    "#image=net/scene%2F00000": "Maps are for the class",
    "#function": "Turning points",
    "#compare": "Models side by side",
    "#data": "dropped files",
    "#claims": "4 of 4 rows",
    "#provenance": "2 of 2 rows",
    "#provenance=units%2Fnet%2Feffects.csv": "SHA-256",
}
WITHOUT_NAMES = ("#image=net/scene%2F00000",)


def test_every_view_opens_from_disk_without_a_complaint(opened: Opened) -> None:
    page = opened()
    for view, text in VIEWS.items():
        page.evaluate("view => { location.hash = view; }", view or "#findings")
        page.get_by_text(text).first.wait_for()
        assert page.evaluate("window.hit") is None
        if view not in WITHOUT_NAMES:
            page.locator("main").get_by_text(HOSTILE[0]).locator("visible=true").first.wait_for()


def test_what_is_not_in_the_page_is_said(opened: Opened) -> None:
    page = opened("#unit=net/block%2Flayer4/999")
    page.get_by_text("has no unit 999 in this page").wait_for()
    page.evaluate("location.hash = '#image=net/no-such'")
    page.get_by_text("explains no image no-such").wait_for()
    page.evaluate("location.hash = '#units=net/no-such'")
    page.get_by_text("This page has no section units:net/no-such").wait_for()
    page.evaluate("location.hash = '#%E0%A4%A'")
    page.get_by_role("heading", name="What was found").wait_for()


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_no_view_is_wider_than_a_narrow_screen(opened: Opened, view: str, scheme: str) -> None:
    page = opened(view, size=NARROW, scheme=scheme)
    page.get_by_text(VIEWS[view]).first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == NARROW[0]
