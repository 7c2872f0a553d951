"""The page after a failure: cells go without what is missing, and never show what was read for something else."""

import shutil
from pathlib import Path

import pytest

from lucidag.ground.files import write_json
from lucidag.report.cells import Code, Section, Text, code, images, listed, text
from lucidag.report.contents import files_shown, sections
from lucidag.report.failures import Failure, failures, forget_failures, notes, remove_left, silent
from lucidag.report.incomplete import make, with_failures, without
from tests.report.results import CONTENTS, write


def sources(section: Section, kind: type) -> list[str]:
    return [cell.source for cell in section.cells if isinstance(cell, kind)]


def test_entries_of_a_list_are_left_out_one_by_one() -> None:
    section = Section("s", "S", (text("about"), images(("a.png", "A"), ("b.png", "B"), ("c.png", "C"))))
    rest = without(section, {"b.png"})
    (source,) = sources(rest, Code)
    assert source == images(("a.png", "A"), ("c.png", "C")).source
    assert sources(rest, Text) == ["about", "Not made: `b.png`."]


def test_values_that_name_a_file_are_entries_too() -> None:
    read = {name: f'read_json("{name}.json")' for name in ("a", "b")}
    section = Section("s", "S", (code(*listed("found", read), "pd.DataFrame(found)"),))
    (source,) = sources(without(section, {"a.json"}), Code)
    assert source == code(*listed("found", {"b": read["b"]}), "pd.DataFrame(found)").source


def test_a_cell_that_would_show_another_models_numbers_is_left_out() -> None:
    cells = []
    for model in ("a", "b"):
        cells += [code(f'found = read_json("{model}.json")', 'found["x"]'), code('found["y"]')]
    for missing, left in (("a.json", cells[2:]), ("b.json", cells[:2])):
        rest = without(Section("s", "S", tuple(cells)), {missing})
        assert sources(rest, Code) == [cell.source for cell in left]


def test_a_name_of_a_comprehension_defines_nothing() -> None:
    cells = (
        code('found = read_json("a.json")'),
        code('rows = [found for found in read_json("b.json")]'),
        code("print(found)"),
    )
    assert sources(without(Section("s", "S", cells), {"a.json"}), Code) == [cells[1].source]


@pytest.mark.parametrize("file", files_shown(CONTENTS))
def test_no_code_names_a_missing_file(file: str) -> None:
    rest = [without(section, {file}) for section in sections(CONTENTS)]
    left = {name for section in rest for cell in section.cells if isinstance(cell, Code) for name in cell.files()}
    assert file not in left
    # What is shown beside it stays: at most a cell's own other tables go.
    assert len(left) >= len(files_shown(CONTENTS)) - 2
    assert any(f"`{file}`" in told for section in rest for told in sources(section, Text))


def test_without_anything_missing_nothing_changes() -> None:
    for section in sections(CONTENTS):
        assert without(section, set()) == section


def test_a_page_of_what_is_there(tmp_path: Path) -> None:
    write(tmp_path)
    shutil.rmtree(tmp_path / "rof")
    (tmp_path / "report.ipynb").touch()
    failed = [Failure("sweep net", "rof.points: <b>k</b> = `9` is *too* many", "logs/sweep/net.log")]
    make(tmp_path, CONTENTS, failed, {"shortcuts/ring/summary.json"})
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "1 job failed" in html
    assert "rof.points: &lt;b&gt;k&lt;/b&gt; = `9` is *too* many" in html
    assert "rof/net/turning_points.json" in html
    assert "Not made: <code>shortcuts/ring/summary.json</code>" in html  # there, but of an earlier run
    assert "Images of cats, one row per class" in html
    assert "Traceback" not in html
    assert not (tmp_path / "report.ipynb").exists()


@pytest.mark.parametrize("number", [0, 1, 3])
def test_the_top_names_every_failure(number: int) -> None:
    failed = [Failure(f"train m{each}", f"reason {each}", f"logs/{each}.log") for each in range(number)]
    opening = sections(CONTENTS)[0]
    told = with_failures(opening, failed).cells[0].source
    for each in failed:
        assert each.job in told
        assert each.sentence in told
        assert each.log in told
    assert with_failures(opening, failed).cells[1:] == opening.cells


def test_marks_are_read_and_forgotten(tmp_path: Path) -> None:
    assert failures(tmp_path) == []
    said = {"rule": "train", "wildcards": ["a", "b"], "sentence": "no luck", "log": "x.log"}
    write_json(tmp_path / "logs" / "train" / "a" / "b.failed.json", said)
    (tmp_path / "logs" / "rank").mkdir()
    (tmp_path / "logs" / "rank" / "c.failed.json").write_text("{")
    assert [(each.job, each.sentence) for each in failures(tmp_path)] == [
        ("rank/c", "ended without a word"),
        ("train a b", "no luck"),
    ]
    forget_failures(tmp_path)
    assert failures(tmp_path) == []


def test_notes_are_each_told_once(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("device: cpu\nnote: two images are alike\nimports 1 s\n")
    (tmp_path / "b.log").write_text("note: two images are alike\nnote: one is dark\n")
    logs = [tmp_path / name for name in ("a.log", "gone.log", "b.log")]
    assert notes(logs) == ["two images are alike", "one is dark"]


def test_a_job_that_left_no_mark_is_told_of_too(tmp_path: Path) -> None:
    """It was killed in its imports, or Snakemake did not take what it made."""
    for name in ("train/a", "train/b"):
        (tmp_path / f"logs/{name}").parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "logs/train/a.failed.json").write_text("{}")
    logs = [str(tmp_path / f"logs/train/{name}.log") for name in "ab"]
    (found,) = silent([("train a", logs[0]), ("train b", logs[1])])
    assert (found.job, found.log) == ("train b", logs[1])
    assert found.sentence.startswith("ended without leaving why: ")


def test_the_mark_of_a_job_stays_while_its_outputs_could_not_be_removed(tmp_path: Path) -> None:
    said = {"rule": "train", "wildcards": ["a"], "sentence": "no luck", "log": "x.log"}
    kept, gone = tmp_path / "a.csv", tmp_path / "b.csv"
    kept.write_text("x")
    for name, outputs in (("a", [str(gone), str(kept)]), ("b", [str(gone)])):
        write_json(tmp_path / f"logs/train/{name}.failed.json", said | {"outputs": outputs})
    forget_failures(tmp_path)
    assert [mark.name for mark in (tmp_path / "logs/train").iterdir()] == ["a.failed.json"]
    remove_left(tmp_path)
    assert not kept.exists()
    forget_failures(tmp_path)
    assert list((tmp_path / "logs/train").iterdir()) == []


@pytest.mark.parametrize("outputs", [["../mine.csv"], 3, [None], "mine.csv", {"a": 1}])
def test_a_mark_that_no_job_left_removes_nothing(tmp_path: Path, monkeypatch, outputs: object) -> None:
    results = tmp_path / "results"
    results.mkdir()
    monkeypatch.chdir(results)
    (tmp_path / "mine.csv").write_text("x")
    write_json(results / "logs/train/a.failed.json", {"outputs": outputs})
    remove_left(results)
    assert (tmp_path / "mine.csv").is_file()
    forget_failures(results)
    assert list((results / "logs/train").iterdir()) == []
