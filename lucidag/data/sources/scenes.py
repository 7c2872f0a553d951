"""Drawn scenes as a data source."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from lucidag.data.source import DataSource, Known, Source, Splits, check_size
from lucidag.ground.section import MOST, WIDEST, Share
from lucidag.ground.spelling import unknown


class Scenes(DataSource):
    """Drawn scenes: objects of several kinds, materials and colours in places, with masks of every concept."""

    label_maps = True
    captions = True

    number: Annotated[int, Field(ge=10, le=MOST)] = Field(default=1500, description="Images to draw.")
    size: Annotated[int, Field(ge=32, le=WIDEST)] = Field(default=64, description="Width and height in pixels.")
    label: Literal["object", "place"] = Field(default="object", description="What the class of an image is.")
    tied: dict[str, str] = Field(
        default={},
        description="Object to colour: main objects of this kind have it mostly, so that a network may go by it.",
    )
    tied_share: Share = Field(default=0.9, description="Of the main objects in `tied`, how many are given the colour.")
    splits: Splits = Field(default=Splits(), description="Shares of the splits.")

    @model_validator(mode="after")
    def _size(self) -> "Scenes":
        check_size(self.number, self.size)
        return self

    @model_validator(mode="after")
    def _known_words(self) -> "Scenes":
        if not self.tied:
            return self
        from lucidag.data.scenes import CONCEPTS  # slow, and seldom asked for

        for words, category in ((self.tied, "object"), (self.tied.values(), "colour")):
            for word in words:
                if word not in CONCEPTS[category]:
                    raise ValueError(f"tied: {unknown(category, word, CONCEPTS[category])}")
        return self

    def load(self) -> Source:
        """Draw scenes and split them at random, stratified by class.

        The classes are, and the mask of an image shows: with label ``object``, the kind of the main object and its
        pixels; with ``place``, the place and the pixels of its structure that no object covers. The same seed gives the
        same images with either. The columns ``object``, ``material``, ``colour`` are those of the main object.
        """
        import numpy as np
        import pandas as pd

        from lucidag.data.scenes import CONCEPTS, Tied, draw
        from lucidag.data.splits import assign

        images = np.empty((self.number, self.size, self.size, 3), dtype=np.uint8)
        masks = np.empty((self.number, self.size, self.size), dtype=np.uint8)
        concepts = {category: np.empty_like(masks) for category in CONCEPTS}
        columns: dict[str, list[str]] = {"object": [], "material": [], "colour": [], "place": []}
        tied = Tied(self.tied, self.tied_share) if self.tied else None
        for index, drawing in enumerate(draw(self.number, self.size, self.seed, tied)):
            images[index] = drawing.image
            masks[index] = drawing.main if self.label == "object" else drawing.concepts["place"] > 0
            for category, maps in concepts.items():
                maps[index] = drawing.concepts[category]
            main = drawing.things[-1]
            for name, value in zip(columns, (main.kind, main.material, main.colour, drawing.place), strict=True):
                columns[name].append(value)
        label = columns[self.label]
        split = assign(label, self.splits.model_dump(), self.seed)
        frame = {"image": self.image_ids(), "label": label, "split": split, **columns}
        return Source(pd.DataFrame(frame), CONCEPTS[self.label], images, masks, concepts, CONCEPTS)

    def image_ids(self) -> list[str]:
        """Count the images."""
        return [f"scene-{index:05d}" for index in range(self.number)]

    def known_images(self) -> Known:
        """Tell the classes, which are drawn before anything else of an image."""
        from lucidag.data.scenes import classes_of
        from lucidag.data.splits import assign

        labels = [pair[self.label == "place"] for pair in classes_of(self.number, self.seed)]
        return Known(self.image_ids(), labels, assign(labels, self.splits.model_dump(), self.seed))

    def known_classes(self) -> list[str]:
        """Return the kinds of objects or places."""
        from lucidag.data.scenes import CONCEPTS

        return list(CONCEPTS[self.label])
