"""One function written with maps, with channels last, and with tokens; and what a hook saw, turned by hand."""

import torch
from torch import nn

SIZE, SIDE, WIDTH = 12, 3, 8
FRONT = 2


class Flat(nn.Module):
    """A 1 x 1 convolution as a linear layer, so that both have the same weights."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.layer = nn.Linear(convolution.in_channels, convolution.out_channels)
        with torch.no_grad():
            self.layer.weight.copy_(convolution.weight[:, :, 0, 0])
            self.layer.bias.copy_(convolution.bias)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return self.layer(values)


class Twin(nn.Module):
    """Each place by itself, then an average; ``registers`` stand in front of the tokens and are left out at the end.

    ``first`` has tokens and registers in the first axis, T x N x D; ``columns`` are tokens that go through the image
    column by column.
    """

    def __init__(self, form: str, seed: int) -> None:
        super().__init__()
        self.form = form
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.embed, first = nn.Conv2d(3, WIDTH, 4, 4), nn.Conv2d(WIDTH, WIDTH, 1)
            second, self.fc = nn.Conv2d(WIDTH, WIDTH, 1), nn.Linear(WIDTH, 3)
            self.extra = nn.Parameter(torch.randn(1, FRONT, WIDTH))
        self.mix, self.back = (first, second) if form == "maps" else (Flat(first), Flat(second))
        self.relu, self.out = nn.ReLU(), nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        values = self.embed(x)
        if self.form == "last":
            values = values.permute(0, 2, 3, 1)
        elif self.form == "columns":  # an order that is not told
            values = values.permute(0, 3, 2, 1).flatten(1, 2)
        elif self.form == "first":
            values = values.flatten(2).permute(2, 0, 1)
            values = torch.cat([self.extra.transpose(0, 1).expand(-1, len(x), -1), values])
        elif self.form != "maps":
            values = values.flatten(2).transpose(1, 2)
        if self.form == "registers":
            values = torch.cat([self.extra.expand(len(x), -1, -1), values], 1)
        values = self.out(self.back(self.relu(self.mix(values))))
        if self.form in ("registers", "first"):
            values = values[FRONT:] if self.form == "first" else values[:, FRONT:]
        return self.fc(values.mean({"maps": (2, 3), "last": (1, 2), "first": 0}.get(self.form, 1)))


class Merging(nn.Module):
    """Tokens, worked on in windows, and merged by two and two, as the first Swin was written; and their mean."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.norm = nn.Conv2d(3, WIDTH, 2, 2), nn.LayerNorm(WIDTH)
        self.window, self.back = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
        self.merge, self.last = nn.Linear(4 * WIDTH, 2 * WIDTH), nn.Linear(2 * WIDTH, 2 * WIDTH)
        self.head = nn.Linear(2 * WIDTH, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        tokens = self.embed(x).flatten(2).transpose(1, 2)
        n, side = len(x), x.shape[2] // 2
        parts = self.norm(tokens).view(n, side // 2, 2, side // 2, 2, WIDTH).permute(0, 1, 3, 2, 4, 5)
        windows = self.window(parts.reshape(-1, 4, WIDTH)).view(n, side // 2, side // 2, 2, 2, WIDTH)
        tokens = tokens + self.back(windows.permute(0, 1, 3, 2, 4, 5).reshape(n, side**2, WIDTH))
        maps = tokens.view(n, side, side, WIDTH)
        four = [maps[:, down::2, right::2, :] for right in (0, 1) for down in (0, 1)]
        merged = self.merge(torch.cat(four, -1).view(n, -1, 4 * WIDTH))
        return self.head((merged + self.last(merged)).mean(1))


def twin(form: str, seed: int = 0) -> Twin:
    return Twin(form, seed).eval()


def random_image(seed: int = 0, count: int = 1) -> torch.Tensor:
    return torch.randn(count, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(100 + seed))


def kept(model: nn.Module, layer: str, x: torch.Tensor) -> torch.Tensor:
    """Give what a module gives, by a hook; of torch's attention without its weights."""
    seen: list[object] = []
    handle = model.get_submodule(layer).register_forward_hook(lambda _, __, output: seen.append(output))
    with torch.no_grad():
        model(x)
    handle.remove()
    return (seen[0][0] if isinstance(seen[0], tuple) else seen[0]).clone()


def turned(tokens: torch.Tensor, front: int, rows: int, columns: int) -> torch.Tensor:
    """Turn N x T x D into N x D x rows x columns by hand, token by token."""
    found = tokens.new_zeros(len(tokens), tokens.shape[2], rows, columns)
    for row in range(rows):
        for column in range(columns):
            found[:, :, row, column] = tokens[:, front + row * columns + column]
    return found
