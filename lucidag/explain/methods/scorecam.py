"""Score-CAM: each channel by the class's score behind it as a mask on the image (Wang et al. 2020)."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from lucidag.explain.cam.maps import image_map
from lucidag.explain.cam.seen import Found, Seen, cut
from lucidag.explain.cam.settings import ScoreCamSettings
from lucidag.explain.methods.cam import SCORECAM, CamMethod, seen_again, some_channels
from lucidag.explain.reference import Case, Reference
from lucidag.ground.progress import track


class ScoreCam(CamMethod):
    """Score-CAM: one forward pass of the whole network per channel, or for those with most activation alone."""

    title = "Score-CAM"
    needs = "perturbation"
    library, theirs = "grad-cam", "ScoreCAM"
    Settings = ScoreCamSettings

    def coarse(self, seen: Seen) -> Found:
        """Weigh each channel by the score of the image behind it."""
        network, activations = seen.network, seen.point.activations
        count, size = activations.shape[1], network.batch_size
        channels, share = strongest(activations, self._channels)
        if len(channels) == count:
            return seen.weighted(scorecam_weights(network.fast, seen.x, activations, seen.target, size))
        weights = np.zeros(count, np.float32)
        weights[channels] = scorecam_weights(network.fast, seen.x, activations[:, channels], seen.target, size)
        found = seen.weighted(weights, told(len(channels), count, share))
        return replace(found, channels=len(channels))

    @property
    def _channels(self) -> int | None:
        assert isinstance(self.settings, ScoreCamSettings)
        return self.settings.channels

    def reference(self, case: Case) -> Reference:
        """Ask pytorch-grad-cam; not about constant channels that are not zero, where it divides rounding by 1e-8.

        Of a map in which some channels count alone, it is asked about some of these.
        """
        from lucidag.explain.cam.library import layer_of, library_scores  # here, as in `CamMethod`

        layer_of(case)
        seen = seen_again(case)
        flat = seen.activations[0].reshape(seen.activations.shape[1], -1)
        blank = (np.ptp(flat, axis=1) == 0) & (flat[:, 0] != 0)
        scored, _ = strongest(seen.point.activations, case.record.get("channels", {}).get(SCORECAM))
        some = [scored[place] for place in some_channels(len(scored))]
        channels = [channel for channel in some if not blank[channel]]
        theirs = library_scores(case, channels)
        if len(channels) == len(flat):
            return Reference(theirs)
        weights = np.zeros(len(flat), np.float32)
        activations = seen.point.activations[:, channels]
        weights[channels] = scorecam_weights(seen.network.fast, seen.x, activations, seen.target, case.batch_size)
        ours = image_map(seen.weighted(weights).coarse, theirs.shape)
        return Reference(theirs, ours, f"{len(channels)} of {len(flat)} channels, by both")


def strongest(activations: torch.Tensor, count: int | None) -> tuple[list[int], float]:
    """Choose the channels with most activation: those with the greatest sum of sizes over all places.

    The map is the sum of the channels, each times a share of one, so it hardly changes without those that hold little.
    How well it keeps its order is measured and not known beforehand, as a weight is known after its pass only
    (``python -m benchmarks scorecam``).

    Parameters
    ----------
    activations
        1 x K x H x W.
    count
        How many; None: all.

    Returns
    -------
    channels, share
        Numbers in their order, and the share of all activation that they hold.
    """
    sizes = activations[0].flatten(1).abs().sum(dim=1, dtype=torch.float32)
    if count is None or count >= len(sizes):
        return list(range(len(sizes))), 1.0
    found = sizes.argsort(descending=True, stable=True)[:count].sort().values
    return found.tolist(), float(sizes[found].sum() / sizes.sum().clamp(min=torch.finfo(torch.float32).tiny))


def told(scored: int, channels: int, share: float) -> str:
    """Say that a map is an approximation."""
    return (
        f"an approximation: {scored} of {channels} channels were scored, which hold {share:.1%} of the activation; the "
        "others count nothing"
    )


def scorecam_weights(
    network: nn.Module, x: torch.Tensor, activations: torch.Tensor, target: int, batch_size: int
) -> NDArray[np.float32]:
    """Give Score-CAM's weights (Wang et al. 2020): the softmax over channels of the target's logit behind each mask.

    Masks, scores and weights are those of pytorch-grad-cam. Channels that are the same everywhere all have the mask 0
    and are scored once; the others are scored `batch_size` at a time, and only so many masks exist at once. A channel
    that is constant but not zero has the mask 0 too: pytorch-grad-cam divides the rounding of its upsampling by 1e-8.

    Parameters
    ----------
    network
        The whole network, as `lucidag.models.fast.accelerate` gives it.
    x
        The normalised image, 1 x C x S x S. The masks multiply *this*, so 0 is the mean of the data.
    activations
        1 x K x H x W.
    target
        The class.
    batch_size
        How many masked images run at once.

    Returns
    -------
    K weights which sum to 1.
    """
    low, high = activations[0].flatten(1).aminmax(dim=1)
    live = (low != high).nonzero()[:, 0].tolist()
    scores = torch.empty(activations.shape[1], device=x.device)
    with torch.inference_mode():
        if len(live) < len(scores):
            scores[:] = network(torch.zeros_like(x))[0, target]
        for channels in track(cut(live, batch_size), "Score-CAM, batches of channels"):
            scores[channels] = network(x * masks(activations[:, channels], (x.shape[2], x.shape[3])))[:, target]
    weights: NDArray[np.float32] = scores.float().cpu().softmax(0).numpy()
    return weights


def masks(activations: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Upsample 1 x B x H x W to masks B x 1 x S x S (bilinear, corners aligned), and scale each to [0, 1]."""
    upsampled = functional.interpolate(activations, size=size, mode="bilinear", align_corners=True)[0][:, None]
    low = upsampled.amin(dim=(2, 3), keepdim=True)
    high = upsampled.amax(dim=(2, 3), keepdim=True)
    return (upsampled - low) / (high - low + 1e-8)
