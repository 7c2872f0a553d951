"""Ablation-CAM: each channel by what the class loses without it (Desai & Ramaswamy 2020)."""

from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lucidag.explain.cam.ablated import ablated_logits, changing
from lucidag.explain.cam.maps import image_map
from lucidag.explain.cam.seen import Found, Seen, cut
from lucidag.explain.cam.split import Point
from lucidag.explain.methods.cam import CamMethod, seen_again, some_channels
from lucidag.explain.reference import Case, NoReferenceError, Reference, faint, slight
from lucidag.ground.progress import track

# Below this a score counts as 0: dividing by it would leave the numbers that float32 has.
SMALLEST = 1e-30


class AblationCam(CamMethod):
    """Ablation-CAM; where global average pooling follows the layer, in closed form."""

    title = "Ablation-CAM"
    needs = "perturbation"
    library, theirs = "grad-cam", "AblationCAM"

    def coarse(self, seen: Seen) -> Found:
        """Weigh each channel by the drop of the class's logit without it."""
        return weighed(seen, range(seen.activations.shape[1]))

    def reference(self, case: Case) -> Reference:
        """Ask pytorch-grad-cam, which ablates here what the paper does, and divides by the logit's size."""
        from lucidag.explain.cam.library import layer_of  # here, as in `CamMethod`

        layer_of(case)
        seen = seen_again(case)
        channels = some_channels(seen.activations.shape[1])
        found = weighed(seen, channels.tolist())
        if slight(_greatest(found, seen), float(np.abs(seen.logits).max())):
            # The user's code may take nothing but single precision, and raise anything.
            with suppress(Exception):
                double = case.in_double()
                seen = seen_again(double)
                return self._compared(double, seen, weighed(seen, channels.tolist()), channels)
        return self._compared(case, seen, found, channels)

    def _compared(self, case: Case, seen: Seen, found: Found, channels: NDArray[np.int64]) -> Reference:
        from lucidag.explain.cam.library import library_ablation

        score, least = float(seen.logits[seen.target]), float(seen.activations.min())
        if abs(score) < SMALLEST:
            raise NoReferenceError("the class's logit is 0, by which pytorch-grad-cam divides")
        count = seen.activations.shape[1]
        theirs = library_ablation(case, channels.tolist(), to_zero=least != 0, turned=score < 0)
        double = case.pixels.dtype == torch.float64
        notes = {
            f"{len(channels)} of {count} channels, by both": len(channels) < count,
            "the library was told to ablate to 0, though the layer's least value is another": least != 0,
            "the library's signs are turned, as the logit is below 0": score < 0,
            "both in double precision, as no channel changes the logit by a hundredth of the greatest": double,
        }
        return Reference(
            theirs,
            image_map(found.coarse, theirs.shape) if len(channels) < count or double else None,
            "; ".join(note for note, holds in notes.items() if holds),
            unsteady=faint("channel", _greatest(found, seen), float(np.abs(seen.logits).max())),
            precise=double and len(channels) == count,
        )


def _greatest(found: Found, seen: Seen) -> float:
    """Give the greatest change of the class's logit by a channel: weights are shares of the logit's size."""
    return abs(float(seen.logits[seen.target])) * float(np.abs(np.asarray(found.weights)).max())


def weighed(seen: Seen, channels: Sequence[int]) -> Found:
    """Weigh channels by the drop of the class's logit without each; all others count nothing."""
    head, score = seen.network.head, float(seen.logits[seen.target])
    if head is not None:
        drops = np.zeros(seen.activations.shape[1])
        drops[list(channels)] = pooled_ablation_drops(seen.activations, head, seen.target)[list(channels)]
    else:
        drops = ablation_drops(seen.point, seen.target, seen.network.batch_size, channels)
    return seen.weighted(*ablation_weights(drops, score))


def ablation_weights(drops: NDArray[np.float64], score: float) -> tuple[NDArray[np.float32], str | None]:
    """Give Ablation-CAM's weights, `(S - S_k) / |S|`, from the drops S - S_k.

    The paper and pytorch-grad-cam divide by S: a score below zero then turns all signs, and the map shows where the
    network does *not* see the class; a score of zero gives NaN. Here a weight keeps the sign of the drop, and is the
    drop itself where the score is zero. For scores above zero it is the same.

    Parameters
    ----------
    drops
        By how much the target's logit falls without each channel; K.
    score
        The target's logit S.

    Returns
    -------
    The weights, and what a reader of the map should know about the score, if anything.
    """
    if abs(score) < SMALLEST:
        return drops.astype(np.float32), "the target's logit is 0: the weights are its drops themselves"
    note = None
    if score < 0:
        note = f"the target's logit is {score:.4g}, below 0: the weights are drops divided by its absolute value"
    return (drops / abs(score)).astype(np.float32), note


def pooled_ablation_drops(activations: NDArray[np.float32], head: nn.Linear, target: int) -> NDArray[np.float64]:
    """Give the K drops where global average pooling and `head` follow activations 1 x K x H x W.

    They are W[target, k] times the mean of channel k.
    """
    weight: NDArray[np.float64] = head.weight[target].detach().cpu().double().numpy()
    return weight * activations[0].mean(axis=(1, 2), dtype=np.float64)


def ablation_drops(
    point: Point, target: int, batch_size: int, channels: Sequence[int] | None = None
) -> NDArray[np.float64]:
    """Give the drops of the target's logit when each of some channels is set to zero (None: all), by the tail only.

    A channel that is zero everywhere is not run: without it nothing changes. pytorch-grad-cam sets a channel to zero
    only where the smallest activation of the layer is zero, and else to that minus 1e7 (of a batch that it has already
    changed, so that its result depends on the batch size); zero is the paper's choice, and the one here.
    """
    drops, zeros = np.zeros(point.activations.shape[1]), point.activations.new_zeros(point.activations.shape[1])
    live = changing(point, zeros, channels or range(len(drops)))
    for ablated in track(cut(live, max(1, batch_size - 1)), "Ablation-CAM, batches of channels"):
        scores = ablated_logits(point, ablated, zeros)[:, target]
        drops[ablated] = scores[-1] - scores[:-1]
    return drops
