"""Grad-CAM++: each channel by its positive gradients, weighed by position (Chattopadhyay et al. 2018)."""

from lucidag.explain.cam import library
from lucidag.explain.cam.explainer import CamMethod
from lucidag.explain.cam.seen import Found, Seen

UNSTABLE = "the layer has activations below 0, for which the weights of Grad-CAM++ are not stable"


class GradCamPlusPlus(CamMethod):
    """Grad-CAM++ by the formula of pytorch-grad-cam."""

    title = "Grad-CAM++"
    needs = "gradients"

    def coarse(self, seen: Seen) -> Found:
        """Weigh each channel by pytorch-grad-cam's weights."""
        note = UNSTABLE if (seen.activations < 0).any() else None
        return seen.weighted(library.gradcam_plus_plus_weights(seen.activations, seen.gradients), note)
