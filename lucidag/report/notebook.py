"""From sections to a notebook, and by running it to a notebook with its results."""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode, v4

from lucidag.ground.errors import InputError
from lucidag.ground.surroundings import environment
from lucidag.report.cells import Code, Section, Text

# Where Jupyter and IPython look for what the user has set up, and what would run in every kernel.
FOLDERS = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
REMOVED = ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH", "PYTHONSTARTUP", "PYTHONINSPECT")
STARTUP = 300  # seconds that the kernel has to start
PLAIN_TRACEBACKS = "--InteractiveShell.colors=nocolor"


class ThisPython(KernelSpecManager):
    """The one kernel there is: the Python that runs now, whatever kernels the user has registered."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return the kernel of this Python, by whatever name it is asked for."""
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", PLAIN_TRACEBACKS]
        return KernelSpec(argv=argv, display_name="Python 3", language="python")


def build(sections: Sequence[Section]) -> NotebookNode:
    """Return the notebook of these sections, not yet run.

    The ids of cells are the name of their section and a number; a section begins with its heading.
    """
    cells = [
        _cell(f"{section.name}-{number}", part)
        for level, section in enumerate(sections)
        for number, part in enumerate((Text(f"{'##' if level else '#'} {section.title}"), *section.cells))
    ]
    about = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = v4.new_notebook(cells=cells, metadata=about)
    nbformat.validate(notebook)
    return notebook


def execute(notebook: NotebookNode, folder: str | Path, timeout: int = 600) -> NotebookNode:
    """Run a notebook from top to bottom in a fresh kernel, and keep what it shows.

    The kernel is the Python that runs now, without the user's configuration of IPython and Jupyter. No times are
    kept, so the same files in `folder` give the same notebook.

    Parameters
    ----------
    notebook
        What `build` gives; its cells get their outputs.
    folder
        Where it runs: the paths in its code start there.
    timeout
        Seconds that one cell may take.

    Raises
    ------
    InputError
        If a cell fails, takes too long or ends the kernel; the sentence names section and cell.
    """
    with own_jupyter() as private:
        manager = AsyncKernelManager(kernel_spec_manager=ThisPython(), connection_file=str(private / "kernel.json"))
        client = NotebookClient(
            notebook,
            km=manager,
            timeout=timeout,
            # Outputs that come late, on a busy machine, must not be missing without a word.
            startup_timeout=STARTUP,
            iopub_timeout=timeout,
            raise_on_iopub_timeout=True,
            record_timing=False,
            # A kernel that is slow sends what one cell prints in pieces.
            coalesce_streams=True,
            store_widget_state=False,
            resources={"metadata": {"path": str(folder)}},
        )
        running = [0]
        client.on_cell_start = lambda cell, cell_index: running.append(cell_index)
        said = private / "kernel.log"
        try:
            with said.open("wb") as log:
                client.execute(stdout=log, stderr=log)
        except CellExecutionError as error:
            raise InputError(f"{_place(notebook, running[-1])}: {error.ename}: {error.evalue}") from error
        except CellTimeoutError as error:
            raise InputError(f"{_place(notebook, running[-1])} took more than {timeout} s") from error
        except DeadKernelError as error:
            sys.stderr.write(said.read_text(encoding="utf-8", errors="replace"))
            raise InputError(f"{_place(notebook, running[-1])}: the kernel died") from error
    return notebook


def text_of(notebook: NotebookNode) -> str:
    """Return a notebook as the text of its file."""
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


@contextmanager
def own_jupyter() -> Iterator[Path]:
    """Give a folder that Jupyter and IPython take for the user's own while the block runs."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        own = {**dict.fromkeys(FOLDERS, folder), **dict.fromkeys(REMOVED), "JUPYTER_PREFER_ENV_PATH": "1"}
        with environment(own):
            yield Path(folder)


def _cell(name: str, part: Text | Code) -> NotebookNode:
    new: Any = v4.new_code_cell if isinstance(part, Code) else v4.new_markdown_cell
    return new(part.source, id=name)


def _place(notebook: NotebookNode, number: int) -> str:
    """Say which cell this is, by the nearest section above it."""
    above = [cell.source for cell in notebook.cells[: number + 1] if cell.cell_type == "markdown"]
    title = next((source.lstrip("# ") for source in reversed(above) if source.startswith(("# ", "## "))), "")
    return f"the notebook's section '{title}', cell {notebook.cells[number].id}"
