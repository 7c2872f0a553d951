"""LayerCAM: each position of each channel by its own positive gradient (Jiang et al. 2021)."""

from lucidag.explain.cam import library
from lucidag.explain.cam.explainer import CamMethod
from lucidag.explain.cam.seen import Found, Seen


class LayerCam(CamMethod):
    """LayerCAM by the formula of pytorch-grad-cam."""

    title = "Layer-CAM"
    needs = "gradients"

    def coarse(self, seen: Seen) -> Found:
        """Sum the channels, each position with its own weight."""
        return Found(library.layercam(seen.activations, seen.gradients))
