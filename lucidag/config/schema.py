"""What a configuration file may say, with every default: the single source of checks and documents."""

from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import BaseModel, Field, model_validator

from lucidag.artefacts.settings import Artefacts
from lucidag.config.explain import Explain
from lucidag.config.faithfulness import Faithfulness
from lucidag.config.relevance import Relevance
from lucidag.config.shortcut import Shortcut
from lucidag.ground.section import Count, Name, Section, Seed, Share
from lucidag.models.settings import Model
from lucidag.report.settings import Report
from lucidag.rof.settings import Generalisation, Rof
from lucidag.units.clip.settings import Clips
from lucidag.units.settings import Dissect


class DatasetBase(Section):
    """What every data set may say."""

    jobs: ClassVar = {
        "features": ("groups",),
        "evaluate": ("min_group",),
        "sweep": ("min_group",),
        "data_figures": ("seed",),
    }

    groups: list[str] = Field(
        default=[],
        description="Columns whose combinations are the groups that accuracies are given for; `label` is allowed.",
    )
    min_group: Count = Field(
        default=1, description="A group with fewer images in a split is shown, but is not called the worst there."
    )
    corrupt_labels: Share = Field(
        default=0.0,
        description="Share of the training labels that is replaced by a class drawn uniformly from all classes.",
    )
    seed: Seed = Field(default=0, description="Seed of everything random about the data: drawing, splits, corruption.")


class Splits(Section):
    """Shares of the images, stratified by class. They sum to 1."""

    train: Share = Field(default=0.6, description="Share for training.")
    val: Share = Field(default=0.2, description="Share for choices such as the number of units kept; 0 for none.")
    test: Share = Field(default=0.2, description="Share that results are reported on.")

    @model_validator(mode="after")
    def _sum(self) -> "Splits":
        if abs(self.train + self.val + self.test - 1) > 1e-6:
            raise ValueError(f"train + val + test must be 1, not {self.train + self.val + self.test:g}")
        return self


class Digits(DatasetBase):
    """scikit-learn's 1,797 handwritten digits of 8 x 8 pixels: embedded, no download."""

    source: Literal["digits"] = Field(description="Where the images come from.")
    splits: Splits = Field(default=Splits(), description="Shares of the splits.")


class ArtefactRate(Section):
    """How often an artefact occurs, by class: different rates make it a shortcut."""

    benign: Share = Field(default=0.0, description="Share of the benign images that show it.")
    malignant: Share = Field(default=0.0, description="Share of the malignant images that show it.")


class Lesions(DatasetBase):
    """Drawn dermoscopic images: irregular border and colour decide the class, artefacts are planted."""

    source: Literal["lesions"] = Field(description="Where the images come from.")
    number: Annotated[int, Field(ge=10)] = Field(default=2000, description="Images to draw.")
    size: Annotated[int, Field(ge=16)] = Field(default=96, description="Width and height in pixels.")
    malignant: Share = Field(default=0.5, description="Share of malignant lesions.")
    patch: ArtefactRate = Field(default=ArtefactRate(benign=0.3), description="Coloured patch beside the lesion.")
    ring: ArtefactRate = Field(default=ArtefactRate(), description="Dark ring around the field of view.")
    hair: Share = Field(default=0.3, description="Share of images with hair.")
    splits: Splits = Field(default=Splits(), description="Shares of the splits.")


class Scenes(DatasetBase):
    """Drawn scenes: objects of several kinds, materials and colours in places, with masks of every concept."""

    source: Literal["scenes"] = Field(description="Where the images come from.")
    number: Annotated[int, Field(ge=10)] = Field(default=1500, description="Images to draw.")
    size: Annotated[int, Field(ge=32)] = Field(default=64, description="Width and height in pixels.")
    label: Literal["object", "place"] = Field(default="object", description="What the class of an image is.")
    splits: Splits = Field(default=Splits(), description="Shares of the splits.")


class Mnist(DatasetBase):
    """MNIST in torchvision's folder layout (`root/MNIST/raw/`)."""

    source: Literal["mnist"] = Field(description="Where the images come from.")
    root: str = Field(description="Folder that holds `MNIST/raw`.")
    download: bool = Field(
        default=False, description="Download the four files when they are missing; a changed file is then not noticed."
    )
    train: Count | None = Field(
        default=None,
        description="The first so many of the official training images; null for all that remain.",
    )
    val: Annotated[int, Field(ge=0)] = Field(default=0, description="The so many training images after those.")
    test: Count | None = Field(default=None, description="The first so many of the official test images; null for all.")


class Columns(Section):
    """Names of the columns of a data set's CSV; null: there is none."""

    image: str = Field(default="image", description="Path of the image.")
    label: str = Field(default="label", description="Name of the class.")
    split: str | None = Field(default="split", description="Existing split (train, val, test), where there is one.")
    mask: str | None = Field(default="mask", description="Path of a mask of the image's size, where there is one.")
    id: str | None = Field(
        default="id", description="Patient or lesion, where there is one: one id never sits on two sides."
    )

    def named(self) -> dict[str, str | None]:
        """Return the columns by role; left out are those that may be missing, because the file does not name them."""
        return {
            role: column
            for role, column in self.model_dump().items()
            if role in ("image", "label") or role in self.model_fields_set
        }


class Folder(DatasetBase):
    """Images of your own: a CSV that lists them, or a folder with a sub-folder a class."""

    source: Literal["folder"] = Field(description="Where the images come from.")
    path: str = Field(description="The CSV, or the folder (`class/…` or `split/class/…`).")
    root: str | None = Field(default=None, description="Folder that the CSV's paths start from; default: the CSV's.")
    columns: Columns = Field(default=Columns(), description="Names of the CSV's columns.")
    classes: list[str] | str | None = Field(
        default=None,
        description="Classes in order, each with an image; or a text file with one name a line, where a foreign "
        "network knows more of them. Default: those found, sorted.",
    )
    splits: Splits = Field(default=Splits(), description="Shares, where the images have no splits of their own.")
    track: Literal["images", "table"] = Field(
        default="images",
        description="What makes the data set stale: any changed image, or the CSV (for very many images).",
    )


class Polygons(DatasetBase):
    """Images of scenes with LabelMe-style object polygons, laid out as MiniPlaces is."""

    source: Literal["polygons"] = Field(description="Where the images come from.")
    path: str = Field(description="Folder with `images/`, `objects/`, `categories.txt` and `object_categories.txt`.")
    classes: list[str] | None = Field(default=None, description="Scene classes to keep; default: all that occur.")
    min_images: Count = Field(default=1, description="Leave out classes with fewer images.")
    splits: Splits = Field(default=Splits(), description="Shares, where the folders are no splits.")


Dataset = Annotated[Digits | Lesions | Scenes | Mnist | Folder | Polygons, Field(discriminator="source")]


class Config(Section):
    """A whole configuration file."""

    jobs: ClassVar = dict.fromkeys(("figures", "cam_images", "lime_images"), ())  # stages that depend on no value

    results: str = Field(default="results", description="Folder that everything is written to.")
    datasets: dict[Name, Dataset] = Field(description="Data sets by name.", min_length=1)
    models: dict[Name, Model] = Field(description="Models by name.", min_length=1)
    rof: Rof | None = Field(default=None, description="Retrieval of function; absent: not done.")
    generalisation: dict[Name, Generalisation] = Field(default={}, description="Studies by name.")
    explain: Explain | None = Field(default=None, description="Explanations of single images; absent: none.")
    relevance: Relevance | None = Field(default=None, description="LRP and CRP of those images; absent: none.")
    faithfulness: Faithfulness | None = Field(default=None, description="How faithful explanations are; absent: none.")
    clips: Clips = Field(default={}, description="CLIP models by name, for `dissect`.")
    dissect: Dissect | None = Field(default=None, description="What units detect; absent: not asked.")
    artefacts: Artefacts | None = Field(default=None, description="Audit of artefacts and shortcuts; absent: none.")
    shortcuts: dict[Name, Shortcut] = Field(default={}, description="Studies of shortcuts by name.")
    report: Report = Field(default=Report(), description="What is made of all results in the end.")


def sections_in(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401 (any annotation)
    """Return the sections that a type annotation mentions, however deep inside unions and containers."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [section for part in get_args(annotation) for section in sections_in(part)]
