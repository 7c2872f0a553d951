"""Grad-CAM: each channel by the mean gradient of the class (Selvaraju et al. 2017, equation 1)."""

import numpy as np
from numpy.typing import NDArray

from lucidag.explain.cam.seen import Found, Seen
from lucidag.explain.methods.cam import CamMethod


class GradCam(CamMethod):
    """Grad-CAM; where global average pooling follows the layer, from the weights of the last layer alone."""

    title = "Grad-CAM"
    library, theirs = "grad-cam", "GradCAM"
    needs = "gradients"

    def coarse(self, seen: Seen) -> Found:
        """Weigh each channel by its mean gradient: W[target, k] / (H * W) where the last layer follows pooling."""
        head = seen.network.head
        if head is None:
            return seen.weighted(seen.gradients.mean(axis=(2, 3))[0])
        weight: NDArray[np.float32] = head.weight[seen.target].detach().float().cpu().numpy()
        return seen.weighted(weight / np.float32(seen.activations[0, 0].size))
