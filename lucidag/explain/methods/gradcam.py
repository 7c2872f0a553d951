"""Grad-CAM: each channel by the mean gradient of the class (Selvaraju et al. 2017)."""

from lucidag.explain.cam.explainer import CamMethod
from lucidag.explain.cam.seen import Found, Seen
from lucidag.explain.cam.weights import gradcam_weights, pooled_gradcam_weights


class GradCam(CamMethod):
    """Grad-CAM; where global average pooling follows the layer, from the weights of the last layer alone."""

    title = "Grad-CAM"
    needs = "gradients"

    def coarse(self, seen: Seen) -> Found:
        """Weigh each channel by its mean gradient."""
        head = seen.network.head
        if head is None:
            return seen.weighted(gradcam_weights(seen.gradients))
        return seen.weighted(pooled_gradcam_weights(head, seen.target, seen.activations[0, 0].size))
