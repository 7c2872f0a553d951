"""Jobs as Snakemake gives them to scripts, made by hand."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from snakemake.iocontainers import InputFiles, Log, OutputFiles, Params, Wildcards

from lucidag.ground.log import Log as Said
from lucidag.ground.recorded import recorded


def task(
    results: Path,
    rule: str,
    inputs: Mapping[str, Any],
    outputs: Mapping[str, Any],
    name: str = "net",
    params: Mapping[str, Any] | None = None,
) -> SimpleNamespace:
    """Return a job; outputs are named from the folder of results, inputs as they are."""
    placed = {key: str(results / path) for key, path in outputs.items()}
    log = results / "logs" / rule / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.touch()
    return SimpleNamespace(
        rule=f"as_a_module_{rule}",
        input=_named(inputs),
        output=OutputFiles(fromdict=placed),
        params=Params(fromdict=dict(params or {"settings": {}, "code": {}})),
        wildcards=Wildcards(fromdict={"model": name}),
        log=Log([str(log)]),
    )


def _named(inputs: Mapping[str, Any]) -> InputFiles:
    """Return inputs in a row, each name standing for one or for several."""
    found = InputFiles()
    for name, given in inputs.items():
        first, several = len(found), isinstance(given, list)
        found.extend(map(str, given) if several else [str(given)])
        found._set_name(name, first, end=len(found) if several else None)
    return found


def write(text: str) -> Callable[[Path], None]:
    """Return what writes a text to a path."""
    return lambda path: path.write_text(text, encoding="utf-8")


def run(
    task: SimpleNamespace,
    work: Mapping[str, Callable[[Path], Any]],
    differing: tuple[str, ...] = (),
    says: str = "",
) -> None:
    """Run a job that says something and whose work writes each output in its way."""
    with Said(Path(task.log[0])) as said, recorded(task, said, differing):
        print(says, file=said)
        for name, make in work.items():
            path = Path(getattr(task.output, name))
            path.parent.mkdir(parents=True, exist_ok=True)
            make(path)
