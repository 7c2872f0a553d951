"""The 1,797 handwritten digits (8 x 8) that scikit-learn carries: a data set without a download."""

from pydantic import Field

from lucidag.data.source import DataSource, Known, Source, Splits


class Digits(DataSource):
    """scikit-learn's 1,797 handwritten digits of 8 x 8 pixels: embedded, no download."""

    splits: Splits = Field(default=Splits(), description="Shares of the splits.")

    def load(self) -> Source:
        """Give the digits, their 17 grey levels (0 to 16) spread over 0 to 255; the metadata column is ``ink``."""
        import numpy as np
        import pandas as pd
        from sklearn.datasets import load_digits

        from lucidag.data.ink import ink
        from lucidag.data.splits import assign

        data = load_digits()
        images = np.rint(data.images * (255 / 16)).astype(np.uint8)[:, :, :, None]
        labels = [str(label) for label in data.target]
        split = assign(labels, self.splits.model_dump(), self.seed)
        table = pd.DataFrame({"image": self.image_ids(), "label": labels, "split": split, "ink": ink(images)})
        return Source(table, tuple(self.known_classes()), images)

    def image_ids(self) -> list[str]:
        """Count the digits."""
        return [f"digit-{row:04d}" for row in range(1797)]

    def known_images(self) -> Known:
        """Read the labels, which scikit-learn carries with the digits."""
        from sklearn.datasets import load_digits

        from lucidag.data.splits import assign

        labels = [str(label) for label in load_digits().target]
        return Known(self.image_ids(), labels, assign(labels, self.splits.model_dump(), self.seed))

    def known_classes(self) -> list[str]:
        """Return the ten digits."""
        return [str(digit) for digit in range(10)]
