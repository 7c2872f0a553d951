"""Small classifiers as people write them, each with a habit of its own. The page about them is made from this.

Each factory gives a network for images of 3 x 32 x 32 pixels. The first line of its docstring is what the page says.
The file stands alone, as a user's would: it is copied beside a configuration, and named there as ``handwritten:…``.
"""

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 (as everybody writes it)
from torch.nn.utils.parametrizations import weight_norm

WIDTH = 8


def stem(width: int = WIDTH) -> nn.Sequential:
    """Return what most of these begin with: 3 x 32 x 32 becomes maps of 16 x 16."""
    return nn.Sequential(nn.Conv2d(3, width, 5, stride=2, padding=2), nn.ReLU())


class FunctionalResidual(nn.Module):
    """A residual block in functions: `F.relu`, `x + y`, `F.max_pool2d`, `.mean([2, 3])`"""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, WIDTH, 3, padding=1)
        self.conv2 = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)
        self.conv3 = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)
        self.fc = nn.Linear(WIDTH, num_classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        y = self.conv3(F.relu(self.conv2(x)))
        return self.fc(F.relu(x + y).mean([2, 3]))


class View(nn.Module):
    """`.view` behind a convolution, into a linear layer over all positions"""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.features = nn.Sequential(stem(), nn.Conv2d(WIDTH, WIDTH, 3, stride=2, padding=1), nn.ReLU())
        self.classifier = nn.Sequential(nn.Linear(WIDTH * 64, 32), nn.ReLU(), nn.Linear(32, num_classes))

    def forward(self, x):
        x = self.features(x)
        return self.classifier(x.view(x.size(0), -1))


class OneLogit(nn.Module):
    """One logit for two classes, as for a loss by `BCEWithLogitsLoss`"""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.features = nn.Sequential(stem(), nn.Conv2d(WIDTH, WIDTH, 3, padding=1), nn.ReLU())
        self.fc = nn.Linear(WIDTH, 1)

    def forward(self, x):
        return self.fc(self.features(x).mean((2, 3))).squeeze(1)


class Softmax(nn.Module):
    """A softmax at the end"""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.body = nn.Sequential(stem(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(WIDTH, num_classes))

    def forward(self, x):
        return torch.softmax(self.body(x), dim=1)


class WeightNorm(nn.Module):
    """`weight_norm` on every convolution and linear layer"""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.conv1 = weight_norm(nn.Conv2d(3, WIDTH, 3, stride=2, padding=1))
        self.conv2 = weight_norm(nn.Conv2d(WIDTH, WIDTH, 3, padding=1))
        self.fc = weight_norm(nn.Linear(WIDTH, num_classes))

    def forward(self, x):
        x = F.relu(self.conv2(F.relu(self.conv1(x))))
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


class SharedReLU(nn.Module):
    """One `nn.ReLU` for all layers"""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, WIDTH, 3, stride=2, padding=1)
        self.bn1 = nn.BatchNorm2d(WIDTH)
        self.conv2 = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(WIDTH)
        self.relu = nn.ReLU(inplace=True)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(WIDTH, num_classes)

    def forward(self, x):
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        return self.fc(self.pool(x).flatten(1))


class OwnAttention(nn.Module):
    """Attention between positions, written out: `softmax(q @ k)` and `@ v`"""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(stem(), nn.MaxPool2d(2))
        self.query, self.key, self.value = (nn.Conv2d(WIDTH, WIDTH, 1) for _ in range(3))
        self.last = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)
        self.fc = nn.Linear(WIDTH, num_classes)

    def forward(self, x):
        x = self.stem(x)
        query, key, value = (layer(x).flatten(2) for layer in (self.query, self.key, self.value))
        weights = torch.softmax(query.transpose(1, 2) @ key / WIDTH**0.5, dim=-1)
        x = x + (value @ weights.transpose(1, 2)).reshape(x.shape)
        return self.fc(F.relu(self.last(x)).mean((-2, -1)))


class TwoHeads(nn.Module):
    """Two heads: the classes, and a number beside them, as a tuple"""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.body = nn.Sequential(stem(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.classes = nn.Linear(WIDTH, num_classes)
        self.age = nn.Linear(WIDTH, 1)

    def forward(self, x):
        x = self.body(x)
        return self.classes(x), self.age(x)


class Lazy(nn.Module):
    """`nn.LazyConv2d` and `nn.LazyLinear`"""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.conv = nn.LazyConv2d(WIDTH, 3, stride=2, padding=1)
        self.pool = nn.AvgPool2d(4)
        self.hidden = nn.LazyLinear(16)
        self.fc = nn.LazyLinear(num_classes)

    def forward(self, x):
        x = self.pool(F.relu(self.conv(x)))
        return self.fc(F.relu(self.hidden(x.reshape(len(x), -1))))


class Normalising(nn.Module):
    """Normalises its images itself, and takes values from 0 to 1"""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))
        self.body = nn.Sequential(stem(), nn.Conv2d(WIDTH, WIDTH, 3, padding=1), nn.ReLU())
        self.fc = nn.Linear(WIDTH, num_classes)

    def forward(self, x):
        return self.fc(self.body((x - self.mean) / self.std).mean((2, 3)))


class RandomDropout(nn.Module):
    """`F.dropout(x)` without `training=self.training`, so random in use too"""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.body = nn.Sequential(stem(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.fc = nn.Linear(WIDTH, num_classes)

    def forward(self, x):
        return self.fc(F.dropout(self.body(x), 0.2))


class ChannelsLast(nn.Module):
    """Channels last: N x H x W x D with `nn.LayerNorm` and `nn.Linear`, as in Swin and ConvNeXt"""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, WIDTH, 4, stride=4)
        self.norm1 = nn.LayerNorm(WIDTH)
        self.mix = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.ReLU(), nn.Linear(4 * WIDTH, WIDTH))
        self.norm2 = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, num_classes)

    def forward(self, x):
        x = self.patches(x).permute(0, 2, 3, 1)
        x = x + self.mix(self.norm1(x))
        return self.head(self.norm2(x).mean((1, 2)))


class Transformer(nn.Module):
    """A vision transformer with `nn.MultiheadAttention` and a class token"""

    def __init__(self, num_classes: int, depth: int = 2, heads: int = 2, size: int = 16) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, size, 8, stride=8)
        self.token = nn.Parameter(torch.randn(1, 1, size))
        self.position = nn.Parameter(torch.randn(1, 17, size))
        self.norms = nn.ModuleList([nn.LayerNorm(size) for _ in range(2 * depth)])
        self.attentions = nn.ModuleList([nn.MultiheadAttention(size, heads, batch_first=True) for _ in range(depth)])
        self.mlps = nn.ModuleList(
            [nn.Sequential(nn.Linear(size, 2 * size), nn.GELU(), nn.Linear(2 * size, size)) for _ in range(depth)]
        )
        self.norm = nn.LayerNorm(size)
        self.head = nn.Linear(size, num_classes)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], dim=1) + self.position
        for place, (attention, mlp) in enumerate(zip(self.attentions, self.mlps, strict=True)):
            y = self.norms[2 * place](x)
            x = x + attention(y, y, y, need_weights=False)[0]
            x = x + mlp(self.norms[2 * place + 1](x))
        return self.head(self.norm(x)[:, 0])


class FusedBlock(nn.Module):
    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(size), nn.LayerNorm(size)
        self.qkv, self.proj = nn.Linear(size, 3 * size), nn.Linear(size, size)
        self.mlp = nn.Sequential(nn.Linear(size, 2 * size), nn.GELU(), nn.Linear(2 * size, size))

    def forward(self, x):
        count, tokens, size = x.shape
        q, k, v = self.qkv(self.norm1(x)).reshape(count, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(count, tokens, size)
        x = x + self.proj(y)
        return x + self.mlp(self.norm2(x))


class FusedTransformer(nn.Module):
    """A vision transformer with one matrix for queries, keys and values, and `F.scaled_dot_product_attention`"""

    def __init__(self, num_classes: int, depth: int = 2, heads: int = 2, size: int = 16) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, size, 8, stride=8)
        self.position = nn.Parameter(torch.randn(1, 16, size))
        self.blocks = nn.Sequential(*[FusedBlock(size, heads) for _ in range(depth)])
        self.norm, self.head = nn.LayerNorm(size), nn.Linear(size, num_classes)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2) + self.position
        return self.head(self.norm(self.blocks(x)).mean(1))


class TokensFirst(nn.Module):
    """A vision transformer of `nn.TransformerEncoderLayer`, with its tokens in the first axis: T x N x D"""

    def __init__(self, num_classes: int, depth: int = 2, heads: int = 2, size: int = 16) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, size, 8, stride=8)
        self.token = nn.Parameter(torch.randn(1, 1, size))
        self.position = nn.Parameter(torch.randn(17, 1, size))
        self.layers = nn.ModuleList([nn.TransformerEncoderLayer(size, heads, 2 * size) for _ in range(depth)])
        self.head = nn.Linear(size, num_classes)

    def forward(self, x):
        x = self.patches(x).flatten(2).permute(2, 0, 1)
        x = torch.cat([self.token.expand(-1, x.shape[1], -1), x]) + self.position
        for layer in self.layers:
            x = layer(x)
        return self.head(x[0])


class ConvolutionClassifies(nn.Module):
    """A 1 x 1 convolution that classifies, then pooling: no linear layer"""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.features = nn.Sequential(stem(), nn.Conv2d(WIDTH, 2 * WIDTH, 3, padding=1), nn.ReLU())
        self.classifier = nn.Conv2d(2 * WIDTH, num_classes, 1)

    def forward(self, x):
        return F.adaptive_avg_pool2d(self.classifier(self.features(x)), 1).flatten(1)


class Fire(nn.Module):
    """SqueezeNet's end: a 1 x 1 convolution, a ReLU, pooling"""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.features = nn.Sequential(stem(), nn.MaxPool2d(2), nn.Conv2d(WIDTH, 2 * WIDTH, 3, padding=1), nn.ReLU())
        self.classifier = nn.Sequential(
            nn.Dropout(), nn.Conv2d(2 * WIDTH, num_classes, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1)
        )
        nn.init.constant_(self.classifier[1].bias, 0.1)

    def forward(self, x):
        return self.classifier(self.features(x)).flatten(1)


class PreActivation(nn.Module):
    """BatchNorm and ReLU before each convolution, defined in another order than they run"""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.fc = nn.Linear(WIDTH, num_classes)
        self.bns = nn.ModuleList([nn.BatchNorm2d(WIDTH) for _ in range(2)])
        self.convs = nn.ModuleList([nn.Conv2d(WIDTH, WIDTH, 3, padding=1, bias=False) for _ in range(2)])
        self.first = nn.Conv2d(3, WIDTH, 3, stride=2, padding=1, bias=False)

    def forward(self, x):
        x = self.first(x)
        for bn, conv in zip(self.bns, self.convs, strict=True):
            x = x + conv(F.relu(bn(x)))
        return self.fc(F.relu(x).mean([-1, -2]))


class Separable(nn.Module):
    """Depthwise convolutions with `nn.SiLU` and squeeze-and-excitation written out"""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, WIDTH, 3, stride=2, padding=1)
        self.deep = nn.Conv2d(WIDTH, WIDTH, 3, padding=1, groups=WIDTH)
        self.squeeze, self.excite = nn.Conv2d(WIDTH, 4, 1), nn.Conv2d(4, WIDTH, 1)
        self.wide = nn.Conv2d(WIDTH, 2 * WIDTH, 1)
        self.act = nn.SiLU()
        self.fc = nn.Linear(2 * WIDTH, num_classes)

    def forward(self, x):
        x = self.act(self.deep(self.act(self.first(x))))
        x = x * torch.sigmoid(self.excite(F.relu(self.squeeze(x.mean((2, 3), keepdim=True)))))
        return self.fc(self.act(self.wide(x)).mean((2, 3)))


class Dense(nn.Module):
    """`torch.cat` of all that came before, as in DenseNet"""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, WIDTH, 3, stride=2, padding=1)
        self.layers = nn.ModuleList([nn.Conv2d(WIDTH * (place + 1), WIDTH, 3, padding=1) for place in range(3)])
        self.fc = nn.Linear(4 * WIDTH, num_classes)

    def forward(self, x):
        x = F.relu(self.first(x))
        for layer in self.layers:
            x = torch.cat([x, F.relu(layer(x))], 1)
        return self.fc(F.avg_pool2d(x, 16).flatten(1))


class Shuffled(nn.Module):
    """Halves by `chunk`, a channel shuffle by `view` and `transpose`, a shortcut by slice and `F.pad`"""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, WIDTH, 3, stride=2, padding=1)
        self.branch = nn.Conv2d(WIDTH // 2, WIDTH // 2, 3, padding=1)
        self.wide = nn.Conv2d(WIDTH, 2 * WIDTH, 3, stride=2, padding=1)
        self.fc = nn.Linear(2 * WIDTH, num_classes)

    def forward(self, x):
        x = F.relu(self.first(x))
        left, right = x.chunk(2, dim=1)
        x = torch.cat([left, F.relu(self.branch(right))], dim=1)
        count, channels, height, width = x.shape
        x = x.view(count, 2, channels // 2, height, width).transpose(1, 2).reshape(count, channels, height, width)
        y = F.relu(self.wide(x))
        y += F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, channels))
        return self.fc(y.mean((2, 3)))


class Perceptron(nn.Module):
    """A perceptron on pixels, without any map"""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 16), nn.ReLU(), nn.Linear(16, num_classes))

    def forward(self, x):
        return self.layers(x)


def networks() -> dict[str, type[nn.Module]]:
    """Return all by the name that configurations give them."""
    return {
        "functional-residual": FunctionalResidual,
        "view": View,
        "one-logit": OneLogit,
        "softmax": Softmax,
        "weight-norm": WeightNorm,
        "shared-relu": SharedReLU,
        "own-attention": OwnAttention,
        "two-heads": TwoHeads,
        "lazy": Lazy,
        "normalising": Normalising,
        "random-dropout": RandomDropout,
        "channels-last": ChannelsLast,
        "transformer": Transformer,
        "fused-transformer": FusedTransformer,
        "tokens-first": TokensFirst,
        "convolution-classifies": ConvolutionClassifies,
        "fire": Fire,
        "pre-activation": PreActivation,
        "separable": Separable,
        "dense": Dense,
        "shuffled": Shuffled,
        "perceptron": Perceptron,
    }
