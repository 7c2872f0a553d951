"""Every number of a configuration has an upper bound, and what is no plain value is refused in one line."""

from typing import get_args

import pytest
import yaml
from annotated_types import Le, Lt

from lucidag.config.load import load_config
from lucidag.config.plain import DEEPEST, MOST, unplain
from lucidag.config.schema import Config, all_sections
from lucidag.ground.errors import LONGEST, InputError, one_line

SMALL = """
datasets: {d: {source: lesions, number: 40}}
models: {m: {dataset: d, architecture: "lucidag.models.small:small_cnn", train: {}}}
"""
# Whole numbers that nothing is counted or allocated by.
FREE = {"class_tokens"}


def integers(annotation, metadata=()):
    """Yield the metadata of every whole number that a type annotation allows."""
    metadata = [*metadata, *getattr(annotation, "__metadata__", ())]
    inner = getattr(annotation, "__origin__", None) if hasattr(annotation, "__metadata__") else annotation
    if inner is int:
        yield [part for each in metadata for part in (each, *getattr(each, "metadata", ()))]
    for part in get_args(inner):
        yield from integers(part, () if get_args(inner) and inner is not part else metadata)


@pytest.mark.parametrize("section", all_sections(Config), ids=lambda section: section.__name__)
def test_whole_numbers_have_an_upper_bound(section):
    for name, field in section.model_fields.items():
        alone = field.annotation is int
        for metadata in integers(field.annotation, field.metadata if alone else ()):
            known = any(isinstance(each, Le | Lt) for each in (*metadata, *field.metadata))
            named = name in ("images", "explain")  # a number of images, compared with those that are there
            assert known or named, f"{section.__name__}.{name}"


def told(change):
    words = yaml.safe_load(SMALL)
    change(words)
    try:
        load_config(words, "c.yaml")
    except InputError as error:
        return list(error.lines)
    return []


ODD = {
    "2026-11-29": "found the date 2026-11-29",
    "!!binary YWJj": "found a value of the kind 'bytes'",
    "!!set {a, b}": "found a value of the kind 'set'",
    "&a [*a]": "deep in each other, or hold themselves",
    "[" * 40 + "]" * 40: "deep in each other",
    "9" * 100: "it is too large",
    '"a\\u0000"': "control character",
    '"' + "x" * 5000 + '"': "has 5,000 characters",
    "{2026-11-29: c}": "a key is datetime.date(2026, 11, 29)",
    '{"a\\nb": 1}': "a key",
}


@pytest.mark.parametrize("text", ODD, ids=lambda text: text[:12])
def test_what_is_no_plain_value_is_told_in_one_line(text):
    options = yaml.safe_load(text)
    (line,) = told(lambda words: words["models"]["m"].update(options={"odd": options}))
    assert line.startswith("c.yaml: models.m.options")
    assert ODD[text] in line
    assert len(line) < 400


def test_options_may_have_lines_and_names_may_not():
    assert told(lambda words: words["models"]["m"].update(options={"odd": "a\nb"})) == []
    (line,) = told(lambda words: words.update(results="a\nb"))
    assert (
        line
        == r"c.yaml: results: the text 'a\nb' holds a line break, a tab or another control character; write it without"
    )


def test_aliases_of_aliases_are_counted_and_not_written_out():
    words = ["lol"]
    for _ in range(40):
        words = [words, words]
    (line,) = unplain({"options": words})
    assert "deep" in line or f"{MOST:,}" in line
    wide = ["lol"]
    for _ in range(DEEPEST // 3):
        wide = [wide] * 9
    assert unplain({"options": wide}) == [
        f"the file: it has more than {MOST:,} values, as aliases of aliases make; write fewer"
    ]


@pytest.mark.parametrize("results", ["", " ", "a{b}", "a*", "x/" + "y" * 300])
def test_results_are_a_folder(results):
    (line,) = told(lambda words: words.update(results=results))
    assert line.startswith("c.yaml: results: ")


def test_what_is_drawn_fits_a_memory():
    (line,) = told(lambda words: words["datasets"]["d"].update(number=10**6, size=4096))
    assert "would take 46,875 GiB; at most 16 are drawn" in line
    assert told(lambda words: words["datasets"]["d"].update(number=10_000, size=224)) == []


@pytest.mark.parametrize(
    ("sentence", "line"),
    [
        ("no file 'a\n\tb'", "no file 'a b'"),
        ("a\u2028b\x85c\rd", "a b c d"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("\u202eabc \ud83d", r"\u202eabc \ud83d"),
        ("圆 é 🙂 plain", "圆 é 🙂 plain"),
    ],
)
def test_a_sentence_is_one_line_that_a_terminal_does_not_obey(sentence, line):
    assert one_line(sentence) == line
    assert str(InputError(sentence)) == line
    assert InputError(sentence, "more").lines == (line, "more")


def test_a_sentence_is_never_long():
    assert len(one_line("x" * 10**6)) < 600
    assert len(one_line("x " * 10**6)) <= LONGEST
