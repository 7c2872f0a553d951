"""What a reader sees of tables: words over columns, no empty rows, columns or parts."""

import numpy as np
import pandas as pd
from bs4 import BeautifulSoup
from nbformat import v4

from lucidag.report.page import page
from lucidag.report.readable import readable, readable_table

NAN = np.nan
TABLE = pd.DataFrame(
    {"method_a": ["cam", "lime", ""], "p_holm": [0.5, NAN, NAN], "accuracy_low": [NAN] * 3, "n": [3, 4, NAN]},
    index=pd.Index(["x", "y", "z"], name="better_than"),
)


def cells_of(html):
    soup = BeautifulSoup(html, "html.parser")
    head = [[cell.get_text() for cell in row.find_all("th")] for row in soup.select("thead tr")]
    return head, [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in soup.select("tbody tr")]


def test_columns_have_words_and_what_is_empty_is_gone():
    html = readable_table(TABLE.to_html())
    head, body = cells_of(html)
    assert head == [["", "method", "p (Holm)", "images"], ["better than", "", "", ""]]
    assert body == [["x", "cam", "0.5", "3.0"], ["y", "lime", "–", "4.0"]]
    (words,) = [cell for cell in BeautifulSoup(html, "html.parser").find_all("th") if cell.get_text() == "p (Holm)"]
    assert words["title"] == "p_holm: p value, corrected after Holm for the number of methods"


def test_a_name_that_nothing_defines_loses_its_underscores():
    head, _ = cells_of(readable_table(pd.DataFrame({"strength_or_iou": [1], "labelled.value": [2]}).to_html()))
    assert head == [["", "strength or iou", "labelled value"]]


def test_names_over_several_columns_stay():
    wide = pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_product([["accuracy"], ["train_only", "test_only"]]))
    assert "train_only" in readable_table(wide.to_html())


def test_names_of_the_users_stay_text():
    odd = pd.DataFrame({"concept": ["<script>alert(1)</script>", "a & b"]})
    html = readable_table(odd.to_html())
    assert "<script" not in html
    assert cells_of(html)[1] == [["0", "<script>alert(1)</script>"], ["1", "a & b"]]


def test_a_table_without_rows_is_nothing():
    assert readable_table(TABLE[:0].to_html()) == ""
    assert readable_table(TABLE[2:].to_html()) == ""
    assert readable_table("<p>no table</p>") == "<p>no table</p>"


def notebook():
    def shows(name, text, **data):
        out = v4.new_output("execute_result", {"text/plain": text, **data}, execution_count=1)
        return v4.new_code_cell(f"{name} = 1", id=name, execution_count=1, outputs=[out])

    return v4.new_notebook(
        cells=[
            v4.new_markdown_cell("## Part", id="part"),
            v4.new_markdown_cell("What the part is about.", id="about"),
            shows("nothing", "[]"),
            v4.new_markdown_cell("About an empty table:", id="lost"),
            shows("empty", "Empty", **{"text/html": TABLE[:0].to_html()}),
            v4.new_markdown_cell("About a full one:", id="kept"),
            shows("full", "x", **{"text/html": TABLE.to_html()}),
            v4.new_code_cell("setup = 1", id="setup"),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )


def test_parts_that_show_nothing_are_left_out_of_the_page_alone():
    made = notebook()
    assert [cell.id for cell in readable(made).cells] == ["part", "about", "kept", "full", "setup"]
    assert len(made.cells) == 8
    assert "method_a" in made.cells[6].outputs[0].data["text/html"]


def test_code_is_folded():
    soup = BeautifulSoup(page(notebook(), "x"), "html.parser")
    folded = soup.select("details.code")
    assert [each.find("summary").get_text() for each in folded] == ["code"] * 2
    assert not any(each.has_attr("open") for each in folded)
    assert "full" in folded[0].get_text()
    assert not folded[0].find("table")
