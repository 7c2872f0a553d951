"""Images with object polygons as a data source."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from lucidag.data.labelme import annotated, files_of, left_out_notes
from lucidag.data.source import DataSource, Source, Splits
from lucidag.ground.errors import told_of
from lucidag.ground.section import Count


class Polygons(DataSource):
    """Images of scenes with LabelMe-style object polygons, laid out as MiniPlaces is."""

    arrays = False
    label_maps = True
    resources: ClassVar[Mapping[str, int]] = {"mem_mb": 4000, "runtime": 120}

    path: str = Field(description="Folder with `images/`, `objects/`, `categories.txt` and `object_categories.txt`.")
    classes: list[str] | None = Field(default=None, description="Scene classes to keep; default: all that occur.")
    min_images: Count = Field(default=1, description="Leave out classes with fewer images.")
    splits: Splits | None = Field(
        default=Splits(), description="Shares; null: the folders train, val and test in `images/` are the splits."
    )

    def load(self) -> Source:
        """Check every image and paint its label map."""
        from lucidag.data.polygons import load

        shares = self.splits.model_dump() if self.splits else None
        return load(self.path, self.classes, self.min_images, shares, self.seed)

    def files(self) -> list[str]:
        """Find the images, their annotations and the lists of names."""
        with told_of("path"):
            return files_of(self.path)

    def notes(self) -> list[str]:
        """Return what of the folders is left out."""
        return left_out_notes(annotated(self.path)[1])
