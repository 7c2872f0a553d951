"""What a configuration asks for, or all that is wrong with it and can be known before anything runs."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lucidag.config.claimed import claims_of
from lucidag.config.collisions import check_collisions
from lucidag.config.doubled import check_doubled
from lucidag.config.faults import Faults
from lucidag.config.images import check_shortcuts, write_out_images
from lucidag.config.load import load_config
from lucidag.config.plan import Plan
from lucidag.config.probe import check_attention, check_methods, check_networks, check_relevance
from lucidag.config.schema import Config
from lucidag.config.sources import check_sources
from lucidag.ground.kept import kept_in
from lucidag.ground.provenance import CodeIndex, installed_versions


@dataclass(frozen=True)
class Checked:
    """A configuration without a mistake that can be known before anything runs.

    Attributes
    ----------
    given
        As it was written.
    plan
        With what its networks bring of their own.
    code
        Digests of the code that jobs run.
    """

    given: Config
    plan: Plan
    code: CodeIndex


def checked(
    words: Mapping[str, Any],
    files: Sequence[str],
    source: str,
    folders: tuple[Path, Path],
    given: Mapping[str, Any] | None = None,
    claims: bool = True,
) -> Checked:
    """Check a configuration, its networks and its methods.

    Parameters
    ----------
    words, files
        The configuration as Snakemake has read it from the files, and these.
    source
        What it is called in messages.
    folders
        The project, and the folder that the run works in: code lies there.
    given
        What of the words the command line gave.
    claims
        Whether the claims that it names are read.

    Raises
    ------
    InputError
        A line for each mistake.
    """
    faults = Faults()
    found = read(faults, words, files, source, given)
    cache = kept_in(found.config.results)
    code = CodeIndex(folders, installed_versions(cache / "packages.json"), cache / "code.json")
    whole = found.config
    with faults.gathered():
        whole = check_networks(found, source, code)
    with faults.gathered():
        check_methods(found, source, code)
    # Each asks a process of its own, which takes seconds to begin.
    with ThreadPoolExecutor() as pool:
        answers = [pool.submit(check, Plan(whole), source, code) for check in (check_relevance, check_attention)]
    for answer in answers:
        with faults.gathered():
            answer.result()
    with faults.gathered():
        check_collisions(Plan(whole), source)
    faults.stop()
    if claims:
        with faults.gathered(f"{source}: "):
            claims_of(Plan(whole))
    faults.stop()
    return Checked(found.config, Plan(whole), code)


def read(
    faults: Faults,
    words: Mapping[str, Any],
    files: Sequence[str],
    source: str,
    given: Mapping[str, Any] | None = None,
    keep: bool = True,
) -> Plan:
    """Check what needs no network: `checked` begins with it. Mistakes are gathered in `faults`.

    Parameters
    ----------
    faults
        Gathers mistakes.
    words, files, source, given
        See `checked`.
    keep
        Whether the images that are drawn are kept in the folder of results, for the next run.

    Raises
    ------
    InputError
        Where the mistakes are such that no more can be said.
    """
    for file in files:
        with faults.gathered():
            check_doubled(file)
    faults.stop()
    config = load_config(words, source, given)
    with faults.gathered():
        check_sources(config, source)
    plan = Plan(config)
    with faults.gathered():
        plan = Plan(write_out_images(config, source, kept_in(config.results) / "drawn.json" if keep else None))
    with faults.gathered():
        check_shortcuts(plan.config, source)
    return plan
