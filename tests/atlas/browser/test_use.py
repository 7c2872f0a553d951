"""What a reader does: search, sort, filter, slide, go back, use the keyboard, and take a table or a chart along."""

import csv
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Page, expect

from tests.atlas.browser.conftest import Opened, saved
from tests.atlas.browser.made_up import HOSTILE, UNITS, page

pytestmark = [pytest.mark.browser, pytest.mark.long]


def test_search_keeps_the_rows_that_have_the_words(opened: Opened) -> None:
    page = opened("#units")
    page.keyboard.press("/")
    page.keyboard.type("![](")
    expect(page.get_by_text(f"{UNITS // 4} of {UNITS} rows")).to_be_visible()
    page.get_by_role("searchbox").fill("")
    expect(page.get_by_text(f"{UNITS} of {UNITS} rows")).to_be_visible()


def test_a_click_on_a_head_sorts_and_missing_values_stay_last(opened: Opened) -> None:
    page = opened("#units")
    head = page.locator('.tabulator-col:has([title$="zero_first_loss"])')
    seen = []
    for _ in range(2):
        head.click()
        page.wait_for_timeout(200)
        seen.append(_column(page, "zero_first_loss"))
    ends = [[cells[0], cells[-1]] for cells in seen]
    assert ends == [[".01", "–"], [".39", "–"]]


def test_heads_tell_what_a_column_is(opened: Opened) -> None:
    page = opened("#units")
    assert f"Its place. {HOSTILE[2]}" in (page.locator(".tabulator-col [title]").first.get_attribute("title") or "")


def test_a_head_sorts_by_key_and_its_meaning_is_shown(opened: Opened) -> None:
    page = opened("#units")
    page.locator(".tabulator-col button").first.focus()
    expect(page.locator(".meaning")).to_contain_text(f"Its place. {HOSTILE[2]}")
    page.keyboard.press("Enter")
    expect(page.get_by_role("columnheader").first).to_have_attribute("aria-sort", "ascending")
    page.keyboard.press("Enter")
    expect(page.locator(".tabulator-row").first).to_contain_text(str(UNITS - 1))


def test_the_gallery_filters(opened: Opened) -> None:
    page = opened("#images=other")
    page.get_by_label("Decision").select_option("wrong")
    expect(page.get_by_text("4 of 6 images")).to_be_visible()
    page.get_by_label("Class").select_option(HOSTILE[0])
    expect(page.get_by_text(" of 6 images")).to_have_text("2 of 6 images")
    assert page.locator(".gallery a").count() == 2


def test_an_address_may_name_an_image_without_its_model(opened: Opened) -> None:
    """As the sentences about maps do."""
    page = opened("#image=scene%2F00000")
    expect(page.get_by_text("Maps are for the class")).to_be_visible()
    page = opened("#image=no-such")
    expect(page.get_by_role("alert")).to_have_text("No model explains an image no-such.")


def test_images_are_picked_by_what_is_in_them_and_by_disagreement(opened: Opened) -> None:
    page = opened("#images=net")
    page.locator(".tools label", has_text=HOSTILE[2]).last.locator("select").select_option("1")
    expect(page.get_by_text(" of 6 images")).to_have_text("2 of 6 images")
    page.locator(".tools label", has_text="disagree less").locator("select").select_option("less")
    expect(page.get_by_text(" of 6 images")).to_have_text("1 of 6 images")


def test_units_are_picked_by_a_verdict_and_have_their_losses_beside_them(opened: Opened) -> None:
    page = opened("#units")
    page.get_by_label("words verdict").select_option("unconfirmed")
    expect(page.get_by_text(f" of {UNITS} rows")).to_have_text(f"14 of {UNITS} rows")
    assert page.locator(".tabulator-row canvas").first.get_attribute("aria-label").startswith("most: ")
    assert page.locator('.tabulator-col:has([title*="relevance:"])').count() == 0
    page.get_by_role("button", name="All columns").click()
    expect(page.locator('.tabulator-col:has([title*="relevance:"])')).to_have_count(1)
    expect(page.get_by_text(f" of {UNITS} rows")).to_have_text(f"14 of {UNITS} rows")


def test_a_units_region_is_bright_and_its_place_and_decisions_are_told(opened: Opened) -> None:
    page = opened("#unit=net/block%2Flayer4/3")
    canvas = page.locator(".region canvas").first
    canvas.wait_for()
    page.wait_for_timeout(200)
    read = "place => [...place.getContext('2d').getImageData(0, 0, 128, 128).data]"
    pixels = canvas.evaluate(read)
    assert pixels[4 * (5 * 128 + 5) + 3] == 0
    assert pixels[4 * (120 * 128 + 120) + 3] == 102
    expect(page.get_by_text("l1: 37, of 40 units; 1 is switched on first.")).to_be_visible()
    assert page.locator(".gallery a").count() == 2
    page.locator(".gallery a").first.click()
    expect(page.get_by_text("Maps are for the class")).to_be_visible()


def test_an_image_says_which_units_it_rests_on_and_what_would_change_it(opened: Opened) -> None:
    page = opened("#image=net/scene%2F00000")
    expect(page.get_by_text("Without these 2 units 3 7 it would say")).to_be_visible()
    expect(page.get_by_role("gridcell", name="pasted")).to_be_visible()
    page.get_by_role("grid", name="units behind").get_by_role("link", name="7").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Unit 7")
    page.evaluate("location.hash = '#image=net/scene%2F00003'")
    expect(page.get_by_text("Not measured here: the logits of net")).to_be_visible()
    expect(page.get_by_text("Not measured here: no study of shortcuts")).to_be_visible()


def test_two_models_are_held_side_by_side(opened: Opened) -> None:
    page = opened("#compare")
    expect(page.locator(".pair tbody tr").first).to_contain_text(".5 (.4 to .6)")
    expect(page.locator(".pair tbody tr").nth(1)).to_contain_text("not measured here")
    page.get_by_label("Compare").select_option("other")
    expect(page.locator(".pair thead")).to_contain_text("other")
    assert "#compare=other/other" in page.url


def test_a_table_of_many_columns_shows_those_of_all_methods_first(opened: Opened) -> None:
    page = opened("#compare")
    wide = page.get_by_role("grid", name="Wide")
    expect(wide.locator(".tabulator-col")).to_have_count(2)
    page.get_by_role("button", name="All columns").click()
    expect(wide.locator('.tabulator-col:has([title*="agreement:0"])')).to_have_count(1)
    assert page.get_by_role("button", name="All columns").count() == 1  # the others have few columns


def test_sliders_move_maps_and_the_curve(opened: Opened) -> None:
    page = opened("#image=net/scene%2F00000")
    page.get_by_label("Opacity").fill("0.2")
    expect(page.locator(".overlay canvas").first).to_have_css("opacity", "0.2")
    page.evaluate("location.hash = '#function'")
    page.get_by_label("Units on").fill("10")
    expect(page.locator(".facts[aria-live]")).to_contain_text(".25")


def test_the_first_screen_leads_to_what_not_to_trust(opened: Opened) -> None:
    page = opened(size=(1280, 300))
    page.get_by_role("button", name="What not to trust").click()
    expect(page.get_by_role("heading", name="What not to trust")).to_be_in_viewport()
    expect(page.get_by_role("heading", name="What not to trust")).to_be_focused()
    assert "#" not in page.url


def test_confusions_follow_the_slider(opened: Opened) -> None:
    page = opened("#function")
    expect(page.get_by_text("With 40 units on, 36 of 54 images are decided rightly (.667).")).to_be_visible()
    page.get_by_label("Units on").fill("30")
    expect(page.get_by_text("With 20 units on, 20 of 38 images")).to_be_visible()
    assert page.locator(".matrix tbody td").count() == 16
    with saved(page) as files:
        page.get_by_role("button", name="CSV").first.click()
    rows = list(csv.DictReader(files[0].open(encoding="utf-8", newline="")))
    assert [row[HOSTILE[2]] for row in rows] == ["0", "1", "2", "5"]


def test_confusions_are_saved_as_images(opened: Opened) -> None:
    page = opened("#function")
    page.get_by_label("Units on").fill("30")
    with saved(page) as files:
        page.get_by_role("button", name="PNG").last.click()
    assert files[0].read_bytes().startswith(b"\x89PNG")
    with saved(page) as files:
        page.get_by_role("button", name="SVG").last.click()
    drawing = ElementTree.fromstring(files[0].read_text(encoding="utf-8"))
    texts = [each.text for each in drawing.findall("{*}text")]
    assert texts[0] == "net: which class is taken for which, 20 units on"
    shown = page.locator(".matrix tbody td").all_inner_texts()
    assert texts[-16:] == shown
    assert texts.count("heart") == texts.count(HOSTILE[1]) == 2


def test_filters_are_cleared_by_a_button_that_says_so(opened: Opened) -> None:
    page = opened("#units")
    clear = page.get_by_role("button", name="Clear filters: show all rows")
    expect(clear).to_have_count(0)
    page.get_by_label("words verdict").select_option("unconfirmed")
    page.get_by_role("searchbox").fill("heart")
    expect(page.get_by_text(f" of {UNITS} rows")).not_to_have_text(f"{UNITS} of {UNITS} rows")
    clear.click()
    expect(page.get_by_text(f" of {UNITS} rows")).to_have_text(f"{UNITS} of {UNITS} rows")
    expect(page.get_by_role("searchbox")).to_be_focused()
    expect(page.get_by_label("words verdict")).to_have_value("")
    expect(clear).to_have_count(0)
    page.evaluate("location.hash = '#images=net'")
    page.get_by_label("Class").select_option("heart")
    expect(page.get_by_text(" of 6 images")).to_have_text("2 of 6 images")
    page.get_by_role("button", name="Clear filters: show all images").click()
    expect(page.get_by_text(" of 6 images")).to_have_text("6 of 6 images")
    expect(page.get_by_label("Class")).to_be_focused()


def test_back_returns_to_where_the_reader_was(opened: Opened) -> None:
    page = opened()
    page.get_by_role("link", name="Show").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Unit 3")
    page.get_by_role("link", name="unit 4").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Unit 4")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Unit 3")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_contain_text("What was found")


def test_keys_lead_through_units_and_views(opened: Opened) -> None:
    page = opened("#unit=net/block%2Flayer4/3")
    page.get_by_role("heading", name="Unit 3").wait_for()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Unit 4")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Unit 3")
    page.keyboard.press("?")
    expect(page.get_by_role("complementary", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("complementary", name="Keys")).to_be_hidden()
    page.keyboard.press("3")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Images")


def test_the_first_stop_of_the_tab_key_skips_to_the_content(opened: Opened) -> None:
    page = opened("#units")
    page.reload()
    page.wait_for_selector("h1")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    assert page.url.endswith("#units")


def test_the_switch_changes_light_and_dark(opened: Opened) -> None:
    page = opened()
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    page.get_by_role("button", name="Light").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == light


def test_a_table_is_saved_as_csv(opened: Opened) -> None:
    page = opened("#units")
    with saved(page) as files:
        page.get_by_role("button", name="CSV").click()
    rows = list(csv.DictReader(files[0].open(encoding="utf-8", newline="")))
    assert len(rows) == UNITS
    assert rows[1]["words_concept"] == HOSTILE[0]
    assert rows[0]["zero_first_loss"] == ""


def test_charts_are_saved_as_pictures(opened: Opened) -> None:
    page = opened("#unit=net/block%2Flayer4/3")
    with saved(page) as files:
        page.get_by_role("button", name="SVG").first.click()
    drawing = files[0].read_text(encoding="utf-8")
    assert drawing.startswith("<svg")
    assert "&lt;script&gt;" in drawing
    page.evaluate("location.hash = '#function'")
    with saved(page) as files:
        page.get_by_role("button", name="PNG").first.click()
    assert files[0].read_bytes().startswith(b"\x89PNG")
    with saved(page) as files:
        page.get_by_role("button", name="SVG").first.click()
    drawing = ElementTree.fromstring(files[0].read_text(encoding="utf-8"))
    assert len(drawing.findall("{*}polyline")) == 3
    assert HOSTILE[0] in [each.text for each in drawing.findall("{*}text")]


def test_two_thousand_units_are_searched_and_sorted(opened: Opened, tmp_path) -> None:
    file = tmp_path / "large.html"
    file.write_text(page(units=2048), encoding="utf-8")
    large = opened("#units", file=file)
    expect(large.get_by_text("2048 of 2048 rows")).to_be_visible()
    assert large.locator(".tabulator-row").count() < 100  # only those that a screen shows are drawn
    large.get_by_role("searchbox").fill("heart")
    expect(large.get_by_text(" of 2048 rows")).to_have_text("512 of 2048 rows")


def _column(page: Page, name: str) -> list[str]:
    """Return a column's cells as the reader sees them, from the first to the last row."""
    head = page.locator(f'.tabulator-col:has([title$="{name}"])').get_attribute("tabulator-field")
    holder = page.locator(".tabulator-tableholder")
    first = page.locator(f'.tabulator-row [tabulator-field="{head}"]').all_inner_texts()
    holder.evaluate("place => { place.scrollTop = place.scrollHeight; }")
    page.wait_for_timeout(200)
    last = page.locator(f'.tabulator-row [tabulator-field="{head}"]').all_inner_texts()
    holder.evaluate("place => { place.scrollTop = 0; }")
    return [first[0], last[-1]]
