"""Commands in documents: what Snakemake would take for something else than it is meant."""

import re
from pathlib import Path

# `--configfile` and `--resources` take every word that follows, up to the next option.
GREEDY = re.compile(r"--(configfile|resources)((?: +[^-\s#]\S*)+)")
MEANT = {"configfile": re.compile(r".*\.(yaml|yml|json)|\S*[A-Z{<…]\S*"), "resources": re.compile(r"\w+=\S+")}
BLOCK = re.compile(r"```.*?\n(.*?)```", re.DOTALL)


def swallowed(text: str) -> list[str]:
    """Return the words that an option takes and that are no files, or no amounts."""
    lines = [line for block in BLOCK.findall(text) for line in block.replace("\\\n", " ").splitlines()]
    spans = [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", BLOCK.sub("", text))]
    return [
        word
        for command in (*lines, *spans)
        for option, words in GREEDY.findall(command)
        for word in words.split()
        if not MEANT[option].fullmatch(word)
    ]


def test_targets_stand_before_options_that_take_all_words(root: Path) -> None:
    pages = [root / "README.md", *(root / "docs").glob("*.md"), *(root / "config").glob("*.md")]
    found = {page.name: words for page in pages if (words := swallowed(page.read_text(encoding="utf-8")))}
    assert found == {}


def test_a_swallowed_target_is_found() -> None:
    assert swallowed("type `snakemake --cores 4\n--configfile config/isic.yaml artefacts`") == ["artefacts"]
    assert swallowed("`snakemake rof --configfile a.yaml b.yaml --resources gpu=1 rof`, and more") == ["rof"]
    assert swallowed("`snakemake rof --configfile a.yaml`") == []
