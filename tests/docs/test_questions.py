"""The page of questions: each has an answer, a link that leads somewhere, and a command that can be typed."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from benchmarks.project import copy_project

QUESTION = re.compile(r"^## ([^\n]+)\n\n(.+?)\n\n```bash\n(.+?)\n```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^]]+\]\(([^)#]+)(?:#([^)]+))?\)")
RULE = re.compile(r"^rule (\w+):", re.MULTILINE)
PAGE = (Path(__file__).parents[2] / "docs/questions.md").read_text(encoding="utf-8")
COMMANDS = [shlex.split(command) for _, _, command in QUESTION.findall(PAGE)]
PLANNED = [command for command in COMMANDS if command[0].endswith("snakemake")]


def targets(command: list[str]) -> list[str]:
    """Return the words before the first option."""
    return command[1 : next(place for place, word in enumerate(command) if word.startswith("--"))]


def test_each_question_has_an_answer_a_link_and_a_command() -> None:
    found = QUESTION.findall(PAGE)
    assert len(found) == PAGE.count("\n## ") >= 15
    for question, answer, _ in found:
        assert question.endswith("?")
        assert LINK.search(answer), question
    assert len({question for question, _, _ in found}) == len(found)


def test_links_lead_to_pages_and_their_sections(root: Path) -> None:
    for name, section in LINK.findall(PAGE):
        text = (root / "docs" / name).read_text(encoding="utf-8")
        heads = [re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in re.findall("^#+ (.+)$", text, re.M)]
        assert not section or section in heads, f"{name}#{section}"


def test_commands_name_what_is_there(root: Path) -> None:
    rules = {name for file in (root / "rules").glob("*.smk") for name in RULE.findall(file.read_text(encoding="utf-8"))}
    for command in PLANNED:
        assert set(targets(command)) <= rules
        for place, word in enumerate(command):
            assert word != "--configfile" or (root / command[place + 1]).is_file()


def test_the_readme_and_the_index_lead_to_the_page(root: Path) -> None:
    assert "docs/questions.md" in (root / "README.md").read_text(encoding="utf-8")
    assert "(questions.md)" in (root / "docs/index.md").read_text(encoding="utf-8")


@pytest.mark.long
@pytest.mark.parametrize("command", PLANNED, ids=lambda command: " ".join(command[1:]))
def test_every_command_plans_something(command: list[str], python: Path, tmp_path: Path) -> None:
    copy_project(tmp_path)
    words = [*targets(command), *(word for word in command[1:] if word not in targets(command)), "--dry-run"]
    done = subprocess.run(
        [str(python), "-m", "snakemake", *words], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert "Would run: " in done.stdout
