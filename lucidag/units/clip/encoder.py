"""CLIP models by open_clip, and embeddings of images and words that are computed once."""

import hashlib
import json
import pickle
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image
from torch import nn

from lucidag.data.images import Images
from lucidag.data.manifest import Manifest
from lucidag.ground.checksums import Checksum
from lucidag.ground.errors import InputError, first_line
from lucidag.ground.files import atomic, is_file, is_folder
from lucidag.ground.progress import track
from lucidag.ground.spelling import unknown
from lucidag.models.head import evaluating
from lucidag.models.reproducible import reproducible
from lucidag.models.settings import is_weight_file
from lucidag.units.clip.published import fetch

Floats = NDArray[np.float32]

CONFIG = "open_clip_config.json"
WEIGHTS = "open_clip_model.safetensors"


@dataclass(frozen=True)
class Clip:
    """A CLIP model, ready to embed.

    Attributes
    ----------
    model
        open_clip's model, on its device.
    tokenizer
        From texts to token numbers, N x context.
    context
        How many tokens a text may have, those of start and end included.
    preprocess
        open_clip's settings of how an image reaches the model.
    digest
        Of its architecture and weights: the same weights from another file have the same.
    device
        Where it computes.
    """

    model: nn.Module
    tokenizer: Callable[..., torch.Tensor]
    context: int
    preprocess: Mapping[str, Any]
    digest: str
    device: str


def load_clip(architecture: str, weights: str, device: str = "cpu") -> Clip:
    """Load a CLIP model: a published one, one from a file, or one with its configuration from a folder.

    Parameters
    ----------
    architecture
        open_clip's name, such as ``ViT-B-16-quickgelu``, or ``hf-hub:organisation/name`` with empty `weights`. Not
        read where `weights` is a folder.
    weights
        A tag that open_clip publishes for the architecture (fetched on first use into the cache of the Hugging Face
        hub); a ``.safetensors``, ``.pt``, ``.pth`` or ``.bin`` file of tensors; or a folder with
        ``open_clip_config.json`` and such a file, as `lucidag.units.clip.train_clip.save_clip` writes it.
    device
        Where to compute.

    Raises
    ------
    InputError
        If the architecture or the tag is unknown, the weights cannot be read or fetched, would run code, belong to
        another architecture or to another activation function, or hold values that are not finite.
    """
    name, pretrained = _source(architecture, weights)
    where = f"CLIP weights '{weights or architecture}'"
    _fetch(name, pretrained)
    try:
        with warnings.catch_warnings(action="ignore"):
            model = open_clip.create_model(name, pretrained or None, require_pretrained=True, weights_only=True)
        tokenizer = open_clip.get_tokenizer(name)
        config = open_clip.get_model_config(name.replace("/", "-") if ":" not in name else name)
    except pickle.UnpicklingError as error:
        raise InputError(f"{where} are refused: the file holds more than tensors and would run code") from error
    except Exception as error:  # open_clip, its hubs and damaged files raise anything
        raise InputError(f"{where} cannot be loaded: {first_line(error)[:300]}") from error
    for tensor, value in model.state_dict().items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise InputError(f"{where}: tensor '{tensor}' holds NaN or infinite values")
    digest = _digest(model, config)
    model = model.to(device).eval()
    preprocess = open_clip.get_model_preprocess_cfg(model)
    return Clip(model, tokenizer, int(tokenizer.context_length), preprocess, digest, device)


def embed_images(
    clip: Clip,
    manifest: Manifest,
    rows: NDArray[np.int64],
    cache: str | Path | None,
    batch_size: int,
    threads: int = 2,
) -> Floats:
    """Embed images of a manifest.

    Parameters
    ----------
    clip
        The model.
    manifest, rows
        The data set and the N row numbers.
    cache
        A folder that keeps the result, under a name that changes with the weights, with how images are prepared
        and with the content of the images (the manifest's column ``digest``), and with nothing else. None keeps
        nothing.
    batch_size, threads
        How to compute; they change the numbers by rounding only.

    Returns
    -------
    N x D of length 1 each; with a cache read-only and behind a memory map, and written as it is computed, so that
    memory does not grow with N.

    Raises
    ------
    InputError
        If an image cannot be read, or an embedding is not finite.
    """
    reader = Images(manifest)
    prepare = image_transform(clip.preprocess)
    ids = manifest.table["image"].tolist()

    digests = manifest.table["digest"].iloc[rows].tolist()
    key = {"images": digests, "preprocess": dict(clip.preprocess), "weights": clip.digest}
    with ThreadPoolExecutor(threads) as pool:

        def batch_of(part: Sequence[int]) -> torch.Tensor:
            return torch.stack(list(pool.map(lambda row: prepare(as_image(reader.read(row))), part)))

        encode, names = clip.model.encode_image, [f"image '{ids[row]}'" for row in rows]
        blocks = _embedded(clip, encode, rows.tolist(), names, batch_of, "embed images", batch_size, threads)
        return _kept(cache, "images", key, len(rows), blocks)


def embed_texts(
    clip: Clip,
    concepts: Sequence[str],
    template: str,
    cache: str | Path | None = None,
    batch_size: int = 256,
    threads: int = 2,
) -> Floats:
    """Embed concepts as texts.

    Parameters
    ----------
    clip
        The model.
    concepts
        M words or phrases.
    template
        What stands around a concept, such as ``a photo of a {}``. CLIP-Dissect takes the concept alone: ``{}``.
    cache
        As in `embed_images`; the name changes with the weights, the template and the concepts.
    batch_size, threads
        How to compute.

    Returns
    -------
    M x D of length 1 each.

    Raises
    ------
    InputError
        If the template does not hold ``{}`` once, a text has more tokens than the model reads (all such concepts are
        named), or an embedding is not finite.
    """
    if template.count("{}") != 1:
        raise InputError(f"template '{template}' must hold {{}} once, where the concept goes")
    texts = [template.replace("{}", concept) for concept in concepts]

    long = too_long(clip, texts)
    if long:
        named = ", ".join(f"'{concepts[place]}'" for place in long[:20]) + (", …" if len(long) > 20 else "")
        raise InputError(
            f"concepts: {len(long)} of {len(texts)} have more tokens than the {clip.context} that the CLIP model reads "
            f"(with template '{template}'): {named}"
        )
    names = [f"concept '{text}'" for text in texts]
    blocks = _embedded(
        clip, clip.model.encode_text, texts, names, clip.tokenizer, "embed concepts", batch_size, threads
    )
    return _kept(cache, "texts", {"texts": texts, "weights": clip.digest}, len(texts), blocks)


def too_long(clip: Clip, texts: Sequence[str]) -> list[int]:
    """Tell which texts lose tokens in the model's context: their positions."""
    found: list[int] = []
    for start in range(0, len(texts), 1024):
        part = list(texts[start : start + 1024])
        short, longer = clip.tokenizer(part), clip.tokenizer(part, context_length=clip.context + 1)
        # A text that is cut ends with the sign of the end where a longer context still has a word.
        cut = (short != longer[:, : clip.context]).any(dim=1)
        found += (start + torch.nonzero(cut)[:, 0]).tolist()
    return found


def image_transform(preprocess: Mapping[str, Any], normalise: bool = True) -> Callable[[Image.Image], torch.Tensor]:
    """Give open_clip's own way from an image to what the model takes; without `normalise` values stay in 0 to 1."""
    plain = {} if normalise else {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}
    transform: Callable[[Image.Image], torch.Tensor] = image_transform_v2(
        PreprocessCfg(**{**preprocess, **plain}), is_train=False
    )
    return transform


def as_image(image: NDArray[np.uint8]) -> Image.Image:
    """Give an image, uint8 H x W x 1 or 3, as Pillow holds it."""
    return Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image)


def _source(architecture: str, weights: str) -> tuple[str, str]:
    """Give the name of a model and what open_clip calls its pretrained weights."""
    if weights and is_folder(weights):
        if not is_file(Path(weights) / CONFIG):
            raise InputError(f"CLIP weights '{weights}': the folder has no {CONFIG}")
        return f"local-dir:{weights}", ""
    if architecture.startswith("hf-hub:"):
        if weights:
            raise InputError(f"CLIP '{architecture}' brings its own weights, so '{weights}' must be empty")
        return architecture, ""
    name = architecture.replace("/", "-")
    if name not in open_clip.list_models():
        raise InputError(f"CLIP: {unknown('architecture', architecture, open_clip.list_models())}")
    if weights and is_weight_file(weights):
        if not is_file(weights):
            raise InputError(f"CLIP weights '{weights}': there is no such file")
        return name, weights
    published = open_clip.pretrained.get_pretrained_cfg(name, weights) if weights else {}
    if not published:
        tags = open_clip.list_pretrained_tags_by_model(name)
        raise InputError(f"CLIP weights of '{architecture}': {unknown('tag', weights, tags)}")
    _check_activation(name, weights, published)
    return name, weights


def _fetch(name: str, pretrained: str) -> None:
    """Fetch what is published, and check it, so that open_clip finds it where it keeps such files."""
    if name.startswith("hf-hub:"):
        fetch(name.removeprefix("hf-hub:"))
    elif pretrained and not is_weight_file(pretrained):
        published = open_clip.pretrained.get_pretrained_cfg(name, pretrained)
        repository, _, file = published["hf_hub"].rpartition("/")  # every tag has one, and open_clip prefers it
        fetch(repository, file)


def _check_activation(name: str, tag: str, published: Mapping[str, Any]) -> None:
    """Stop where the weights were trained with another activation function, which nothing else would notice."""
    wanted = bool(published.get("quick_gelu", False))
    if bool(open_clip.get_model_config(name).get("quick_gelu", False)) != wanted:
        other = f"{name}-quickgelu" if wanted else name.removesuffix("-quickgelu")
        raise InputError(f"CLIP weights '{tag}' were not trained with the activation of '{name}'; take '{other}'")


def _digest(model: nn.Module, config: Mapping[str, Any]) -> str:
    whole = hashlib.sha256(json.dumps([config, open_clip.__version__], sort_keys=True).encode())
    for name, value in sorted(model.state_dict().items()):
        flat = value.detach().cpu().contiguous().reshape(-1)
        whole.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        whole.update(flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b"")
    return whole.hexdigest()


def _embedded(
    clip: Clip,
    encode: Any,  # noqa: ANN401 (torch does not say what a method of a module is)
    items: Sequence[Any],
    names: Sequence[str],
    batch_of: Callable[[Any], torch.Tensor],
    what: str,
    batch_size: int,
    threads: int,
) -> Iterator[Floats]:
    """Yield the embeddings of some items, batch by batch; names are for errors."""
    with reproducible(clip.device, threads):
        for start in track(range(0, len(items), batch_size), what):
            batch = batch_of(items[start : start + batch_size]).to(clip.device)
            with evaluating(clip.model), torch.inference_mode():
                values: Floats = encode(batch, normalize=True).to(torch.float32).cpu().numpy()
            bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
            if len(bad):
                raise InputError(f"{names[start + bad[0]]}: CLIP's embedding holds NaN or infinite values")
            yield values


def _kept(cache: str | Path | None, what: str, key: Mapping[str, Any], count: int, blocks: Iterator[Floats]) -> Floats:
    """Give the rows of all blocks: from the cache if they are there, else computed and kept there.

    The name of a kept file ends in digits of its checksum: one that does not fit them was changed, and is made anew.
    """
    if cache is None:
        return np.concatenate([block.copy() for block in blocks])
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
    file = Path(cache) / f"{what}-{digest[:32]}.npy"
    known = next(iter(sorted(file.parent.glob(f"{file.stem}-*.npy"))), None)
    if known is not None and known.stem.rpartition("-")[2] != Checksum.of(known).sha256[:16]:
        known.unlink()
        known = None
    if known is None:
        with atomic(file) as partial:
            _write(partial, count, blocks)
        known = file.rename(file.with_stem(f"{file.stem}-{Checksum.of(file).sha256[:16]}"))
    kept: Floats = np.load(known, mmap_mode="r", allow_pickle=False)
    return kept


def _write(path: Path, count: int, blocks: Iterator[Floats]) -> None:
    target: np.memmap[Any, Any] | None = None
    done = 0
    for block in blocks:
        if target is None:
            target = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(count, block.shape[1]))
        target[done : done + len(block)] = block
        done += len(block)
    if target is not None:
        target.flush()
