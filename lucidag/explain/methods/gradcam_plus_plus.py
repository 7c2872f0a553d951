"""Grad-CAM++: each channel by its positive gradients, weighed by position (Chattopadhyay et al. 2018, equation 19)."""

from dataclasses import replace

import numpy as np

from lucidag.explain.cam.seen import Found, Seen
from lucidag.explain.methods.cam import CamMethod
from lucidag.explain.reference import Case, Reference

UNSTABLE = "the layer has activations below 0, for which the weights of Grad-CAM++ are not stable"


class GradCamPlusPlus(CamMethod):
    """Grad-CAM++ by the formula of pytorch-grad-cam."""

    title = "Grad-CAM++"
    library, theirs = "grad-cam", "GradCAMPlusPlus"
    needs = "gradients"

    def coarse(self, seen: Seen) -> Found:
        """Weigh each channel by pytorch-grad-cam's weights."""
        from pytorch_grad_cam import GradCAMPlusPlus  # here, as it brings matplotlib and scikit-learn: seconds

        # Called without an object, of which it uses nothing, so that no hook is set; so are the other two.
        weights = GradCAMPlusPlus.get_cam_weights(None, None, None, None, seen.activations, seen.gradients)
        return seen.weighted(np.asarray(weights[0], np.float32), UNSTABLE if (seen.activations < 0).any() else None)

    def reference(self, case: Case) -> Reference:
        """Ask pytorch-grad-cam; where the weights are not stable, rounding alone moves the map."""
        return replace(super().reference(case), unsteady=UNSTABLE if UNSTABLE in str(case.record["notes"]) else "")
