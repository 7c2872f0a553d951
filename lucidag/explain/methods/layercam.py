"""LayerCAM: each position of each channel by its own positive gradient (Jiang et al. 2021)."""

import numpy as np

from lucidag.explain.cam.seen import Found, Seen
from lucidag.explain.methods.cam import CamMethod


class LayerCam(CamMethod):
    """LayerCAM by the formula of pytorch-grad-cam."""

    title = "Layer-CAM"
    library, theirs = "grad-cam", "LayerCAM"
    needs = "gradients"

    def coarse(self, seen: Seen) -> Found:
        """Sum the channels, each position with its own weight."""
        from pytorch_grad_cam import LayerCAM  # here, and called without an object: as in Grad-CAM++

        image = LayerCAM.get_cam_image(None, None, None, None, seen.activations, seen.gradients, False)
        return Found(np.asarray(image[0], np.float32))
