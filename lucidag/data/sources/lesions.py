"""Drawn dermoscopic images as a data source."""

from typing import Annotated

from pydantic import Field, model_validator

from lucidag.data.source import DataSource, Known, Source, Splits, check_size
from lucidag.ground.section import MOST, WIDEST, Section, Share


class ArtefactRate(Section):
    """How often an artefact occurs, by class: different rates make it a shortcut."""

    benign: Share = Field(default=0.0, description="Share of the benign images that show it.")
    malignant: Share = Field(default=0.0, description="Share of the malignant images that show it.")


class Lesions(DataSource):
    """Drawn dermoscopic images: irregular border and colour decide the class, artefacts are planted."""

    number: Annotated[int, Field(ge=10, le=MOST)] = Field(default=2000, description="Images to draw.")
    size: Annotated[int, Field(ge=24, le=WIDEST)] = Field(default=96, description="Width and height in pixels.")
    malignant: Share = Field(default=0.5, description="Share of malignant lesions.")
    patch: ArtefactRate = Field(default=ArtefactRate(benign=0.3), description="Coloured patch beside the lesion.")
    ring: ArtefactRate = Field(default=ArtefactRate(), description="Dark ring around the field of view.")
    hair: Share = Field(default=0.3, description="Share of images with hair.")
    splits: Splits = Field(default=Splits(), description="Shares of the splits.")

    @model_validator(mode="after")
    def _size(self) -> "Lesions":
        check_size(self.number, self.size)
        return self

    def load(self) -> Source:
        """Draw the images (`lucidag.data.lesions.draw`) and split them at random, stratified by class."""
        import pandas as pd

        from lucidag.data.lesions import CLASSES, draw
        from lucidag.data.splits import assign

        rates = self.patch.model_dump(), self.ring.model_dump()
        images, masks, columns = draw(self.number, self.size, self.seed, self.malignant, self.hair, *rates)
        label = columns.pop("label")
        split = assign(label, self.splits.model_dump(), self.seed)
        frame = {"image": self.image_ids(), "label": label, "split": split, **columns}
        return Source(pd.DataFrame(frame), CLASSES, images, masks)

    def image_ids(self) -> list[str]:
        """Count the images."""
        return [f"lesion-{index:05d}" for index in range(self.number)]

    def known_images(self) -> Known:
        """Tell the classes, which are drawn before anything else of an image."""
        from lucidag.data.lesions import labels_of
        from lucidag.data.splits import assign

        labels = labels_of(self.number, self.seed, self.malignant)
        return Known(self.image_ids(), labels, assign(labels, self.splits.model_dump(), self.seed))

    def known_classes(self) -> list[str]:
        """Return those that artefacts have a rate for."""
        return list(ArtefactRate.model_fields)
