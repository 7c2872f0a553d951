"""How the tokens of a transformer lie on the image, as plain data; `lucidag.models.token_grid` finds it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class TokenGrid:
    """How the tokens of a step lie on the image.

    Attributes
    ----------
    rows, columns
        Of the grid of patches, which the tokens go through row by row.
    front
        How many tokens that stand for no place (of the class, registers) come before them.
    tokens
        How many there are in all.
    axis
        Which axis of the step's output they are in: 1 of N x T x D, 0 of T x N x D.
    """

    rows: int
    columns: int
    front: int
    tokens: int
    axis: int

    @property
    def count(self) -> int:
        """How many tokens stand for a place."""
        return self.rows * self.columns

    @property
    def whole(self) -> bool:
        """Whether every token stands for a place."""
        return self.tokens == self.count

    def places(self, values: "torch.Tensor", axis: int | None = None) -> "torch.Tensor":
        """Take the tokens of the patches from an axis (the grid's own), and make rows and columns of it."""
        along = self.axis if axis is None else axis % values.ndim
        patches = values.narrow(along, self.front, self.count)
        return patches.unflatten(along, (self.rows, self.columns))

    def maps(self, tokens: "torch.Tensor") -> "torch.Tensor":
        """Give tokens as N x D x rows x columns, without those that stand for no place: a view."""
        return self.places(tokens.movedim(self.axis, 1), 1).movedim(3, 1)

    def in_place(self, maps: "torch.Tensor", tokens: "torch.Tensor | None" = None) -> "torch.Tensor":
        """Undo `maps`.

        Parameters
        ----------
        maps
            N x D x rows x columns.
        tokens
            Of one image or of as many, which those that stand for no place are taken from; None: these are zero.

        Returns
        -------
        N x T x D or T x N x D, as `axis` says.
        """
        import torch  # here, as a check of shapes should not have to

        patches = maps.flatten(2).movedim(1, 2)
        behind = self.tokens - self.front - self.count
        if tokens is None:
            sizes = [(len(maps), count, maps.shape[1]) for count in (self.front, behind)]
            before, after = (patches.new_zeros(size) for size in sizes)
        else:
            whole = tokens.movedim(self.axis, 1).expand(len(maps), -1, -1)
            before, after = whole.narrow(1, 0, self.front), whole.narrow(1, self.front + self.count, behind)
        return torch.cat([before, patches, after], dim=1).movedim(1, self.axis)
