"""A small transformer in every way of writing attention, all with the same weights."""

import torch
from torch import nn
from torch.nn import functional
from torchvision.models import SwinTransformer

SIZE, PATCH, WIDTH, HEADS, DEPTH, CLASSES = 12, 4, 8, 2, 2, 3
TOKENS = (SIZE // PATCH) ** 2
WAYS = ("plain", "softmax module", "einsum", "heads first", "fused", "multihead", "multihead with weights")


class SelfAttention(nn.Module):
    """Attention with one matrix for queries, keys and values."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.way = way
        self.layer = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        nn.init.normal_(self.layer.in_proj_bias, std=0.3)
        self.softmax, self.drop = nn.Softmax(dim=-1), nn.Dropout(0.1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.way.startswith("multihead"):
            return self.layer(x, x, x, need_weights=self.way.endswith("weights"))[0]
        n, t, d = x.shape
        qkv = functional.linear(x, self.layer.in_proj_weight, self.layer.in_proj_bias)
        q, k, v = qkv.reshape(n, t, 3, HEADS, d // HEADS).permute(2, 0, 3, 1, 4)
        scale = (d // HEADS) ** -0.5
        if self.way == "fused":
            mixed = functional.scaled_dot_product_attention(q, k, v)
        elif self.way == "einsum":
            shares = torch.einsum("nhtd,nhsd->nhts", q, k).mul(scale).softmax(-1)
            mixed = torch.einsum("nhts,nhsd->nhtd", shares, v)
        elif self.way == "heads first":
            q, k, v = (each.reshape(n * HEADS, t, -1) for each in (q, k, v))
            mixed = torch.bmm(torch.softmax(torch.bmm(q, k.transpose(1, 2)) * scale, dim=2), v)
            mixed = mixed.reshape(n, HEADS, t, -1)
        elif self.way == "softmax module":
            mixed = self.drop(self.softmax(q @ k.transpose(-2, -1) * scale)) @ v
        else:
            mixed = functional.softmax(q @ k.transpose(-2, -1) * scale, dim=-1) @ v
        return self.layer.out_proj(mixed.transpose(1, 2).reshape(n, t, d))


class Block(nn.Module):
    def __init__(self, way: str) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attention = SelfAttention(way)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 2 * WIDTH), nn.GELU(), nn.Linear(2 * WIDTH, WIDTH))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Vit(nn.Module):
    """`pool`: ``class`` reads the class token, ``mean`` the patches; ``front`` tokens come first.

    With ``columns`` the patches come column by column, which nothing in lucidag can tell from rows.
    """

    columns = False

    def __init__(self, way: str = "plain", pool: str = "class", front: int = 1, depth: int = DEPTH) -> None:
        super().__init__()
        self.pool, self.front = pool, front
        self.embed = nn.Conv2d(3, WIDTH, PATCH, PATCH)
        self.extra = nn.Parameter(torch.randn(1, front, WIDTH))
        self.position = nn.Parameter(torch.randn(1, TOKENS + front, WIDTH) * 0.5)
        self.blocks = nn.Sequential(*(Block(way) for _ in range(depth)))
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, CLASSES)

    def tail(self, tokens: torch.Tensor) -> torch.Tensor:
        tokens = self.norm(tokens)
        return self.head(tokens[:, 0] if self.pool == "class" else tokens[:, self.front :].mean(1))

    def begin(self, x: torch.Tensor) -> torch.Tensor:
        maps = self.embed(x)
        tokens = (maps.transpose(2, 3) if self.columns else maps).flatten(2).transpose(1, 2)
        return torch.cat([self.extra.expand(len(x), -1, -1), tokens], dim=1) + self.position

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.tail(self.blocks(self.begin(x)))


def vit(way: str = "plain", seed: int = 0, **how: object) -> Vit:
    """Build one; its weights depend on the seed alone, not on the way."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = Vit(way, **how).eval()
        for parameter in model.parameters():  # so that attention is far from even
            with torch.no_grad():
                parameter.add_(0.4 * torch.randn_like(parameter))
    return model


def images(seed: int, count: int = 2) -> torch.Tensor:
    return torch.randn(count, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(100 + seed))


def matrices(model: Vit, x: torch.Tensor) -> list[torch.Tensor]:
    """Compute the attention of each layer by hand, N x heads x T x T."""
    found, tokens = [], model.begin(x)
    with torch.no_grad():
        for block in model.blocks:
            layer, normed = block.attention.layer, block.norm1(tokens)
            q, k, _ = functional.linear(normed, layer.in_proj_weight, layer.in_proj_bias).chunk(3, -1)
            scores = [
                torch.stack([one @ other.T for one, other in zip(a, b, strict=True)]) / (WIDTH / HEADS) ** 0.5
                for a, b in zip(q.chunk(HEADS, -1), k.chunk(HEADS, -1), strict=True)
            ]
            raised = torch.stack(scores, 1).exp()
            found.append(raised / raised.sum(-1, keepdim=True))
            tokens = block(tokens)
    return found


def windowed(num_classes: int) -> nn.Module:
    """Build a network whose attention stays within windows."""
    return SwinTransformer([4, 4], 8, [1, 1], [2, 2], [2, 2], num_classes=num_classes)


def for_classes(num_classes: int) -> Vit:
    """Build one as a configuration does."""
    model = vit("fused")
    model.head = nn.Linear(WIDTH, num_classes)
    return model


def by_columns(num_classes: int) -> Vit:
    """Build one whose tokens come column by column."""
    model = for_classes(num_classes)
    model.columns = True
    return model
