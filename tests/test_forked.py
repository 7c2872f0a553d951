"""The stand-in for Python does as Python does."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = """\
import os, sys
print(sys.argv[1:], os.getcwd(), os.environ.get("WORD"), sys.stdin.read(), __name__)
print("wrong", file=sys.stderr)
sys.exit(sys.argv[1] if len(sys.argv) > 2 else int(sys.argv[1]))
"""


@pytest.mark.parametrize("words", [["0"], ["3"], ["a sentence", "more"]])
def test_a_script_has_its_words_folder_environment_streams_and_status(
    python: Path, tmp_path: Path, words: list[str]
) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)

    def run(executable: str | Path) -> tuple[int, str, str]:
        done = subprocess.run(
            [executable, "script.py", *words],
            cwd=tmp_path,
            env={**os.environ, "WORD": "word"},
            input="in",
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    assert run(python) == run(sys.executable)


def test_modules_and_code_run_too_and_an_error_is_a_traceback(python: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import sys; print(sys.argv[1:]); 1 / 0")
    done = subprocess.run([python, "-m", "mine", "x"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "['x']\n")
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")
    assert subprocess.check_output([python, "-c", "print(6 * 7)"], text=True) == "42\n"


def test_what_stands_for_python_ends_with_its_caller(python: Path, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("import time, os\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(60)\n")
    running = subprocess.Popen([python, "script.py"], cwd=tmp_path)
    pid = tmp_path / "pid"
    deadline = time.monotonic() + 30
    while not (pid.is_file() and pid.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    running.kill()
    running.wait()
    while Path(f"/proc/{pid.read_text()}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_nothing_of_the_project_is_imported_beforehand(python: Path, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("import sys; print([name for name in sys.modules if 'lucidag' in name])")
    assert subprocess.check_output([python, "script.py"], cwd=tmp_path, text=True) == "[]\n"


OWNER = """\
import sys
from pathlib import Path
from tests.forked import serve
print(serve(Path(sys.argv[1]), int(sys.argv[2]), ()), flush=True)
"""


def test_it_ends_with_its_owner_and_not_with_who_started_it(root: Path, tmp_path: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    words = [sys.executable, "-c", OWNER, str(tmp_path), str(owner.pid)]
    client = subprocess.check_output(words, cwd=root, text=True).strip()
    (tmp_path / "script.py").write_text("import os\nprint(os.getppid())\n")
    server = int(subprocess.check_output([client, "script.py"], cwd=tmp_path, text=True))
    assert Path(f"/proc/{server}").exists()
    owner.communicate(b"\n")
    deadline = time.monotonic() + 30
    while Path(f"/proc/{server}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
