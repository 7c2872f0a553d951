"""The rooms of `lucidag.units` stand one above the other, and what rules and figures read loads no torch."""

import re
import subprocess
import sys

import pytest

ABOVE = {"passes": ("labels", "clip", "compare"), "labels": ("clip", "compare"), "clip": ("labels", "compare")}


@pytest.mark.parametrize("room", ABOVE)
def test_no_room_imports_one_above_it(root, room):
    files = sorted((root / "lucidag" / "units" / room).glob("*.py"))
    assert len(files) > 3
    for file in files:
        rooms = re.findall(r"^\s*(?:from|import) lucidag\.units\.(\w+)\.", file.read_text(), flags=re.MULTILINE)
        assert not set(rooms).intersection(ABOVE[room]), file


def test_settings_load_nothing_heavy():
    modules = "lucidag.units.settings, lucidag.units.clip.settings, lucidag.artefacts.settings"
    code = f"import sys, {modules}; print([name for name in ('torch', 'numpy', 'pandas') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
