"""What a configuration file may say, with every default: the single source of checks and documents."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, Union, get_args

from pydantic import AfterValidator, BaseModel, Field, PrivateAttr, create_model

from lucidag.artefacts.discover.settings import Discover
from lucidag.artefacts.repair.settings import Repair
from lucidag.artefacts.settings import Artefacts
from lucidag.artefacts.study_settings import Shortcut
from lucidag.config.grid import Member
from lucidag.data.registry import SOURCES, source_class
from lucidag.data.source import DataSource
from lucidag.experiments.settings import Experiments
from lucidag.explain.faithfulness.settings import Faithfulness
from lucidag.explain.relevance.settings import Relevance
from lucidag.explain.settings import Explain
from lucidag.ground.section import Name, Section
from lucidag.models.settings import Model
from lucidag.planted.settings import Planted
from lucidag.report.settings import Report
from lucidag.rof.settings import Generalisation, Rof
from lucidag.units.clip.settings import Clips
from lucidag.units.effects.settings import Units
from lucidag.units.settings import Dissect


def _dataset(sections: Iterable[type[DataSource]]) -> Any:  # noqa: ANN401 (an annotation)
    return Annotated[Union[tuple(sections)], Field(discriminator="source")]  # noqa: UP007 (of a variable length)


LONGEST = 255  # bytes of a name in a path

if TYPE_CHECKING:
    Dataset = DataSource
else:
    Dataset = _dataset(map(source_class, SOURCES))


def _folder(path: str) -> str:
    """Return a path of a folder as it is; raises ValueError at one that is none, or that Snakemake reads otherwise."""
    if not path.strip():
        raise ValueError("found no name of a folder; `.` is the working directory")
    if odd := next((each for each in path if each in "{}*?"), None):
        raise ValueError(f"found '{path}'; '{odd}' has a meaning of its own in Snakemake's paths: name another folder")
    if max(len(part.encode(errors="replace")) for part in path.split("/")) > LONGEST:
        raise ValueError(f"the name of a folder has more than {LONGEST} bytes, which no file system takes")
    return path


class Config(Section):
    """A whole configuration file."""

    jobs: ClassVar = dict.fromkeys(("figures",), ())  # stages that depend on no value

    results: Annotated[str, AfterValidator(_folder)] = Field(
        default="results", description="Folder that everything is written to."
    )
    datasets: dict[Name, Dataset] = Field(description="Data sets by name.", min_length=1)
    models: dict[Name, Model] = Field(description="Models by name.", min_length=1)
    rof: Rof | None = Field(default=None, description="Retrieval of function; absent: not done.")
    generalisation: dict[Name, Generalisation] = Field(default={}, description="Studies by name.")
    explain: Explain | None = Field(default=None, description="Explanations of single images; absent: none.")
    relevance: Relevance | None = Field(default=None, description="Relevance of units in those images; absent: none.")
    faithfulness: Faithfulness | None = Field(default=None, description="How faithful explanations are; absent: none.")
    clips: Clips = Field(default={}, description="CLIP models by name, for `dissect`.")
    dissect: Dissect | None = Field(default=None, description="What units detect; absent: not asked.")
    units: Units | None = Field(default=None, description="What is lost without each unit; absent: not asked.")
    planted: Planted | None = Field(default=None, description="Units of known kinds, and what is said of them.")
    artefacts: Artefacts | None = Field(default=None, description="Audit of artefacts and shortcuts; absent: none.")
    shortcuts: dict[Name, Shortcut] = Field(default={}, description="Studies of shortcuts by name.")
    discover: Discover | None = Field(default=None, description="Artefacts without a finder; absent: not looked for.")
    repair: dict[Name, Repair] = Field(default={}, description="Shortcuts taken out of networks, by name.")
    experiments: Experiments = Field(
        default=Experiments(), description="Models side by side, where a grid or seeds made some."
    )
    claims: str | None = Field(
        default="config/claims.yaml",
        description="File of claims of earlier projects, which the results are held against. Where it is not named, "
        "the project's own is taken if the configuration measures any of its claims; null: none.",
    )
    report: Report = Field(default=Report(), description="What is made of all results in the end.")

    _members: dict[str, Member] = PrivateAttr(default_factory=dict)

    @property
    def members(self) -> Mapping[str, Member]:
        """By its name, each model that a grid or seeds made."""
        return self._members

    def of(self, members: Mapping[str, Member]) -> Self:
        """Return the configuration with what its models were made of."""
        found = self.model_copy()
        found._members = dict(members)
        return found


def config_with(sources: Iterable[type[DataSource]]) -> type[Config]:
    """Return a configuration whose data sets may be of these sources too."""
    datasets = _dataset([*map(source_class, SOURCES), *sources])
    kinds = dict[Name, datasets]  # type: ignore[valid-type]
    field = Config.model_fields["datasets"]
    return create_model("Config", __base__=Config, __doc__=Config.__doc__, datasets=(kinds, field))


def sections_in(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401 (any annotation)
    """Return the sections that a type annotation mentions, however deep inside unions and containers."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [section for part in get_args(annotation) for section in sections_in(part)]


def all_sections(section: type[BaseModel]) -> list[type[BaseModel]]:
    """Return a section and all that are inside it, however deep, each once."""
    below = [inner for field in section.model_fields.values() for inner in sections_in(field.annotation)]
    found = [section, *(deep for inner in below for deep in all_sections(inner))]
    return list(dict.fromkeys(found))
