"""The weight of each channel: Grad-CAM and Ablation-CAM."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lucidag.explain.cam.split import Point
from lucidag.ground.errors import InputError
from lucidag.ground.progress import track

# Below this a score counts as 0: dividing by it would leave the numbers that float32 has.
SMALLEST = 1e-30


def gradients(point: Point, target: int) -> NDArray[np.float32]:
    """Give the gradients of the target's logit with respect to the activations, 1 x K x H x W, by one backward pass.

    Raises
    ------
    InputError
        If no gradient of the logits comes back to the layer.
    """
    with torch.enable_grad():
        leaf = point.activations.detach().requires_grad_(True)
        logits = point.tail(leaf)
        found = torch.autograd.grad(logits[0, target], leaf, allow_unused=True)[0] if logits.requires_grad else None
    if found is None:
        raise InputError("no gradient of the logits comes back to the layer: choose another layer or 'scorecam'")
    return np.asarray(found.cpu().numpy(), np.float32)


def gradcam_weights(gradients: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give Grad-CAM's weights, the means of the gradients over the positions (Selvaraju et al. 2017, equation 1).

    Parameters
    ----------
    gradients
        1 x K x H x W.
    """
    weights: NDArray[np.float32] = gradients.mean(axis=(2, 3))[0]
    return weights


def pooled_gradcam_weights(head: nn.Linear, target: int, positions: int) -> NDArray[np.float32]:
    """Give the same where global average pooling and `head` follow: W[target, k] / (H * W), with `positions` H * W."""
    weight: NDArray[np.float32] = head.weight[target].detach().float().cpu().numpy()
    return weight / np.float32(positions)


def ablation_weights(drops: NDArray[np.float64], score: float) -> tuple[NDArray[np.float32], str | None]:
    """Give Ablation-CAM's weights, `(S - S_k) / |S|`, from the drops S - S_k (Desai & Ramaswamy 2020).

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
    """Give the drops where global average pooling and `head` follow: W[target, k] times the mean of channel k.

    Parameters
    ----------
    activations
        1 x K x H x W.
    """
    weight: NDArray[np.float64] = head.weight[target].detach().cpu().double().numpy()
    return weight * activations[0].mean(axis=(1, 2), dtype=np.float64)


def ablation_drops(point: Point, target: int, score: float, batch_size: int) -> NDArray[np.float64]:
    """Give the drops of the target's logit when each channel in turn is set to zero, running the tail only.

    A channel that is zero everywhere is not run: without it nothing changes. pytorch-grad-cam sets a channel to zero
    only where the smallest activation of the layer is zero, and else to that minus 1e7 (of a batch that it has already
    changed, so that its result depends on the batch size); zero is the paper's choice, and the one here.
    """
    live = point.activations[0].flatten(1).ne(0).any(dim=1).nonzero()[:, 0].tolist()
    drops = np.zeros(point.activations.shape[1])
    for channels in track(cut(live, batch_size), "Ablation-CAM, batches of channels"):
        with torch.inference_mode():
            batch = torch.cat([point.activations] * len(channels))
            batch[range(len(channels)), channels] = 0
            drops[channels] = score - point.tail(batch)[:, target].cpu().double().numpy()
    return drops


def cut(channels: Sequence[int], batch_size: int) -> list[Sequence[int]]:
    """Cut channels into batches."""
    return [channels[start : start + batch_size] for start in range(0, len(channels), batch_size)]
