"""A small CLIP of one's own: open_clip's architecture, tokenizer and loss, trained on scenes and their captions."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from open_clip.transform import PreprocessCfg
from torch import nn

from lucidag.data.images import Images
from lucidag.data.manifest import Manifest
from lucidag.ground.errors import InputError
from lucidag.ground.files import write_json
from lucidag.ground.progress import track
from lucidag.models.reproducible import mix, reproducible, seeded
from lucidag.models.weights import save_checkpoint
from lucidag.units.clip.captions import CATEGORIES, STYLES, Content, caption, read_content
from lucidag.units.clip.encoder import CONFIG, WEIGHTS, as_image, image_transform
from lucidag.units.clip.settings import Training

# What makes some hundred steps enough on scenes: at open_clip's own values the objects are at chance for as long.
EMBEDDING_STD = 0.2
TEXT_RATE = 0.25
WARM_UP = 0.1


def small_config(
    image_size: int, width: int, text_width: int = 64, embedding: int = 128, context: int = 18
) -> dict[str, Any]:
    """Give open_clip's settings of a small CLIP: a ModifiedResNet of four blocks, and a transformer of two layers.

    Parameters
    ----------
    image_size
        The side of an image, a multiple of 32.
    width
        Channels of the residual network's stem; its last block has 32 times as many.
    text_width
        Width of the transformer, a multiple of 4.
    embedding
        D, the length of an embedding.
    context
        How many tokens a text may have, those of start and end included.
    """
    if image_size < 32 or image_size % 32:
        raise InputError(f"small CLIP: image_size is {image_size}; it must be a multiple of 32")
    if text_width < 4 or text_width % 4 or width < 2 or width % 2:
        raise InputError(f"small CLIP: text_width {text_width} must be a multiple of 4, and width {width} one of 2")
    return {
        "embed_dim": embedding,
        "vision_cfg": {"image_size": image_size, "layers": [1, 1, 1, 1], "width": width, "patch_size": None},
        "text_cfg": {
            "context_length": context,
            "vocab_size": open_clip.tokenizer.SimpleTokenizer().vocab_size,
            "width": text_width,
            "heads": 4,
            "layers": 2,
        },
    }


def train_clip(
    manifest: Manifest,
    rows: NDArray[np.int64],
    config: dict[str, Any],
    asked: Training,
    device: str = "cpu",
) -> tuple[nn.Module, tuple[float, ...]]:
    """Train a CLIP on images with label maps and on captions written from these.

    In a step each image has one caption of each style of `lucidag.units.clip.captions`, and the loss is the mean of
    open_clip's contrastive loss over the styles. So within one loss the captions of other images are wrong in the
    same respect, and not true as well in another. Sentences join after half of the steps. Images are mirrored at
    random.

    Parameters
    ----------
    manifest, rows
        The data set, with the label maps that captions need, and the row numbers to train on.
    config
        open_clip's settings of the architecture, such as `small_config` gives.
    asked
        How long, and in which steps (of all images, where there are fewer): AdamW with a tenth of warm-up and then a
        cosine to 0; the text side learns at a quarter of the rate. The same seed and threads give the same bytes.
    device
        Where to compute.

    Returns
    -------
    model, losses
        On the CPU, in eval mode; and the contrastive loss of each step, the mean over the styles of its captions.

    Raises
    ------
    InputError
        If label maps are missing, there are fewer than two images, a caption has more tokens than the
        model reads, or the loss is not finite.
    """
    if len(rows) < 2:
        raise InputError(f"small CLIP: {len(rows)} images to learn from; it takes at least 2")
    preprocess = _preprocess(config)
    contents, frames = _read(manifest, rows, preprocess)
    mean, std = (torch.tensor(preprocess[name], device=device).view(3, 1, 1) for name in ("mean", "std"))
    tokens = _tokens(config["text_cfg"]["context_length"])
    draw = np.random.default_rng(mix(asked.seed, 1))
    losses = []
    with seeded(mix(asked.seed, 0), device), reproducible(device, asked.threads):
        model = _build(config).to(device=device)
        optimiser, scheduler = _optimiser(model, asked)
        batches = _batches(len(rows), min(asked.batch_size, len(rows)), asked.steps, draw)
        for step, places in enumerate(track(batches, "train CLIP")):
            styles = CATEGORIES if step < asked.steps // 2 else STYLES
            texts = [[tokens(caption(contents[place], style, draw)) for place in places] for style in styles]
            pixels = frames[torch.from_numpy(places)]
            mirrored = torch.from_numpy(draw.random(len(places)) < 0.5).view(-1, 1, 1, 1)
            pixels = torch.where(mirrored, pixels.flip(-1), pixels).to(device)
            pixels = ((pixels / 255 - mean) / std).contiguous(memory_format=torch.channels_last)
            losses.append(_step(model, optimiser, pixels, torch.tensor(texts, device=device)))
            scheduler.step()
    if not all(map(math.isfinite, losses)):
        raise InputError(f"small CLIP: the loss is not finite; learning rate {asked.lr} may be too high")
    return model.cpu().to(memory_format=torch.contiguous_format).eval(), tuple(losses)


def save_clip(folder: str | Path, model: nn.Module, config: dict[str, Any], about: dict[str, Any]) -> None:
    """Write a CLIP as open_clip reads it: ``open_clip_config.json`` and ``open_clip_model.safetensors`` in `folder`.

    Parameters
    ----------
    folder
        Where to; `lucidag.units.clip.encoder.load_clip` takes it as weights, and open_clip as ``local-dir:folder``.
    model, config
        The model, and open_clip's settings of its architecture.
    about
        Plain values that go into the weights file as metadata.
    """
    write_json(Path(folder) / CONFIG, {"model_cfg": config, "preprocess_cfg": _preprocess(config)})
    save_checkpoint(Path(folder) / WEIGHTS, model, about)


def _preprocess(config: dict[str, Any]) -> dict[str, Any]:
    """Give open_clip's settings of how images reach a model."""
    return asdict(PreprocessCfg(size=config["vision_cfg"]["image_size"]))


def _read(
    manifest: Manifest, rows: NDArray[np.int64], preprocess: dict[str, Any]
) -> tuple[list[Content], torch.Tensor]:
    """Give what each image shows, and all frames: uint8 N x 3 x S x S."""
    pixels, prepare = Images(manifest), image_transform(preprocess, normalise=False)
    contents = []
    frames = torch.empty((len(rows), 3, preprocess["size"], preprocess["size"]), dtype=torch.uint8)
    for place, row in enumerate(track(rows.tolist(), "read images and label maps")):
        contents.append(read_content(pixels.read_concepts(row), manifest.concepts))
        frames[place] = (prepare(as_image(pixels.read(row))) * 255).round().to(torch.uint8)
    return contents, frames


def _tokens(context: int) -> Callable[[str], list[int]]:
    """Give a function from a text to its tokens that remembers them."""
    tokenizer = open_clip.tokenizer.SimpleTokenizer(context_length=context)
    known: dict[str, list[int]] = {}

    def tokens(text: str) -> list[int]:
        if text not in known:
            if len(tokenizer.encode(text)) + 2 > context:
                raise InputError(f"small CLIP: caption '{text}' has more tokens than the context of {context}")
            known[text] = tokenizer([text])[0].tolist()
        return known[text]

    return tokens


def _build(config: dict[str, Any]) -> nn.Module:
    model: nn.Module = open_clip.CLIP(**config)
    nn.init.normal_(model.get_parameter("token_embedding.weight"), std=EMBEDDING_STD)
    for name, parameter in model.named_parameters():
        if name.startswith("visual.") and name.endswith("bn3.weight"):
            nn.init.ones_(parameter)  # open_clip lets residual branches begin at 0: too slow a start for so few steps
    return model.to(memory_format=torch.channels_last)


def _optimiser(model: nn.Module, asked: Training) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LambdaLR]:
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        visual, decays = (
            name.startswith("visual.") or name == "logit_scale",
            parameter.ndim >= 2 and "embed" not in name,
        )
        groups.setdefault((visual, decays), []).append(parameter)
    optimiser = torch.optim.AdamW(
        [
            {
                "params": parameters,
                "lr": asked.lr * (1.0 if visual else TEXT_RATE),
                "weight_decay": asked.weight_decay if decays else 0.0,
            }
            for (visual, decays), parameters in groups.items()
        ],
        betas=(0.9, 0.98),
        fused=True,  # most parameters are words that no caption holds: one pass over them, not ten
    )

    def rate(step: int) -> float:
        done = (step + 1) / (asked.steps + 1)
        return min(done / WARM_UP, 0.5 * (1 + math.cos(math.pi * max(0.0, done - WARM_UP) / (1 - WARM_UP))))

    return optimiser, torch.optim.lr_scheduler.LambdaLR(optimiser, rate)


def _batches(count: int, size: int, steps: int, draw: np.random.Generator) -> Sequence[NDArray[np.int64]]:
    """Give the places of each step's images: all in a random order, and again, without what is left over."""
    found: list[NDArray[np.int64]] = []
    while len(found) < steps:
        order = draw.permutation(count)
        found += [order[start : start + size] for start in range(0, count - size + 1, size)]
    return found[:steps]


def _step(model: nn.Module, optimiser: torch.optim.Optimizer, pixels: torch.Tensor, texts: torch.Tensor) -> float:
    """Make one step on B images and styles x B x context tokens; give the loss."""
    loss_of = open_clip.ClipLoss()
    different, place = torch.unique(texts.flatten(0, 1), dim=0, return_inverse=True)
    images = model.encode_image(pixels, normalize=True)  # type: ignore[operator]
    words = model.encode_text(different, normalize=True)[place].unflatten(0, texts.shape[:2])  # type: ignore[operator]
    scale = model.get_parameter("logit_scale")
    loss = torch.stack([loss_of(images, of_style, scale.exp()) for of_style in words]).mean()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    with torch.no_grad():
        scale.clamp_(0, math.log(100))
    return float(loss.detach())
