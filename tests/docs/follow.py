"""A page of the documents, followed word by word: its blocks are saved, added and applied as they stand."""

import re
from pathlib import Path

# ```python file=a/path      the whole file
# ```python append=a/path    at the end of the file
# ```diff edit=a/path        lines with + are new, with - go, with a space are there
BLOCK = re.compile(r"^```\w+ (file|append|edit)=(\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def follow(page: Path, folder: Path, only: str = "") -> dict[str, int]:
    """Take every step of a page in a folder, and give the lines that it adds to each file that it touches.

    Parameters
    ----------
    page
        The page.
    folder
        A copy of the project.
    only
        Where the page shows several ways: the part of the title of the section that is followed.
    """
    text = page.read_text(encoding="utf-8")
    if only:
        (text,) = (part for part in re.split(r"^(?=## )", text, flags=re.MULTILINE) if only in part.split("\n")[0])
    touched: dict[str, int] = {}
    for kind, name, block in BLOCK.findall(text):
        file = folder / name
        if kind == "file":
            assert not file.exists(), f"{name} is there already"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block, encoding="utf-8")
        elif kind == "append":
            with file.open("a", encoding="utf-8") as handle:
                handle.write(block)
        else:
            file.write_text(edited(file.read_text(encoding="utf-8"), block, name), encoding="utf-8")
        new = [line for line in block.splitlines() if kind != "edit" or line.startswith("+")]
        touched[name] = touched.get(name, 0) + len(new)
    return touched


def edited(text: str, diff: str, name: str) -> str:
    """Apply the lines of a diff, which must be at one place of the text."""
    lines = diff.splitlines(keepends=True)
    assert all(line[0] in " +-" for line in lines if line.strip()), name
    old = "".join(line[1:] for line in lines if line[0] != "+")
    new = "".join(line[1:] for line in lines if line[0] != "-")
    assert text.count(old) == 1, f"{name} has the lines {text.count(old)} times:\n{old}"
    return text.replace(old, new)
