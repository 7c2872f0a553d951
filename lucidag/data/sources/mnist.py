"""MNIST as a data source."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints

from lucidag.data.source import DataSource, Source
from lucidag.ground.errors import InputError
from lucidag.ground.files import is_file
from lucidag.ground.section import MOST, Count

MIRRORS = ["https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"]
Address = Annotated[str, StringConstraints(pattern=r"^https?://")]
FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


class Mnist(DataSource):
    """MNIST in torchvision's folder layout (`root/MNIST/raw/`)."""

    resources: ClassVar[Mapping[str, int]] = {"mem_mb": 4000, "runtime": 60}

    root: str = Field(description="Folder that holds `MNIST/raw`.")
    download: bool = Field(
        default=False, description="Download the four files when they are missing; a changed file is then not noticed."
    )
    mirrors: list[Address] = Field(
        default=MIRRORS,
        min_length=1,
        description="Addresses to download from, each before the name of a file; what comes is checked by its SHA-256.",
    )
    train: Count | None = Field(
        default=None,
        description="The first so many of the official training images; null for all that remain.",
    )
    val: Annotated[int, Field(ge=0, le=MOST)] = Field(default=0, description="The so many training images after those.")
    test: Count | None = Field(default=None, description="The first so many of the official test images; null for all.")

    def load(self) -> Source:
        """Read the images, after downloading them where that is asked for."""
        from lucidag.data.mnist import fetch, load

        if self.download:
            fetch(self._raw, self.mirrors)
        asked = {"train": {"train": self.train, "val": self.val}, "t10k": {"test": self.test}}
        return load(self._raw, [find(self._raw, name) for name in FILES], asked)

    def files(self) -> list[str]:
        """Find the four files; those that are downloaded would be new inputs after the first run, and so made again."""
        return [] if self.download else [find(self._raw, name) for name in FILES]

    def settings(self) -> dict[str, Any]:
        """Return the keys but for the mirrors, which all have the same bytes."""
        return {key: value for key, value in super().settings().items() if key != "mirrors"}

    def known_classes(self) -> list[str]:
        """Return the ten digits."""
        return [str(digit) for digit in range(10)]

    def has_validation(self) -> bool:
        """Tell whether any image is in split ``val``."""
        return self.val > 0

    @property
    def _raw(self) -> Path:
        return Path(self.root) / "MNIST" / "raw"


def find(raw: Path, name: str) -> str:
    """Return one of the four files, gzipped or not."""
    for path in (raw / name, raw / f"{name}.gz"):
        if is_file(path):
            return str(path)
    raise InputError(f"root: {raw}/{name}.gz is missing; give the right root, or set `download: true`")
