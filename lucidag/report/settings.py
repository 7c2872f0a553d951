"""What a configuration file may say about the report."""

from typing import Annotated

from pydantic import Field

from lucidag.ground.section import Count, Section


class Atlas(Section):
    """One page that shows all results: `atlas/index.html`."""

    pixels: Count = Field(default=28, description="Width and height of the maps in the page; full ones lie beside it.")
    thumbnail: Count = Field(default=128, description="Pixels that images are shrunk into, in width and height.")
    units: Count = Field(default=4096, description="Units of a layer in the page at most; its table has all.")
    images: Count = Field(default=600, description="Images of a data set in the page at most.")
    megabytes: Annotated[float, Field(gt=0)] = Field(
        default=5.0, description="Size that the page keeps to: maps, then images get smaller until it fits."
    )


class Report(Section):
    """What is made of all results together."""

    notebook: bool = Field(
        default=True, description="Run a notebook that shows every analysis: `report.ipynb` and `report.html`."
    )
    atlas: Atlas | None = Field(default=Atlas(), description="One page that answers, `atlas/index.html`; null: none.")
