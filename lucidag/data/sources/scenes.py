"""Drawn scenes as a data source."""

from typing import Annotated, Literal

from pydantic import Field

from lucidag.data.source import DataSource, Source, Splits


class Scenes(DataSource):
    """Drawn scenes: objects of several kinds, materials and colours in places, with masks of every concept."""

    label_maps = True
    captions = True

    number: Annotated[int, Field(ge=10)] = Field(default=1500, description="Images to draw.")
    size: Annotated[int, Field(ge=32)] = Field(default=64, description="Width and height in pixels.")
    label: Literal["object", "place"] = Field(default="object", description="What the class of an image is.")
    splits: Splits = Field(default=Splits(), description="Shares of the splits.")

    def load(self) -> Source:
        """Draw the images."""
        from lucidag.data.scenes import load

        return load(self)

    def image_ids(self) -> list[str]:
        """Count the images."""
        return [f"scene-{index:05d}" for index in range(self.number)]

    def known_classes(self) -> list[str]:
        """Return the kinds of objects or places."""
        from lucidag.data.scenes import CONCEPTS

        return list(CONCEPTS[self.label])
