"""Documents are wrapped at 100 columns, but for what has a layout of its own."""

import subprocess
from pathlib import Path

WIDTH = 100


def too_long(text: str) -> list[str]:
    """Give the lines that are too long; tables, code, images, and single words such as addresses may be."""
    found, fenced = [], False
    for line in text.splitlines():
        bare = line.strip()
        fenced ^= bare.startswith("```")
        free = fenced or bare.startswith(("|", "#", "![", "```")) or len(bare.split()) == 1
        if len(line) > WIDTH and not free:
            found.append(line)
    return found


def test_lines_of_documents_have_at_most_100_columns(root: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=root, capture_output=True, text=True, check=True)
    files = [root / name for name in listed.stdout.splitlines()]
    assert len(files) > 10
    assert {file.name: lines for file in files if (lines := too_long(file.read_text(encoding="utf-8")))} == {}


def test_a_long_line_of_text_is_found_and_a_table_is_not() -> None:
    words = "word " * 30
    assert too_long(f"{words}\n- {words}\n") == [words, f"- {words}"]
    assert too_long(f"| {words} |\n```bash\n{words}\n```\n![{words}](a.png)\n") == []
