"""EigenCAM: the activations along their first principal component (Muhammad & Yeasin 2020)."""

from lucidag.explain.cam import library
from lucidag.explain.cam.explainer import CamMethod
from lucidag.explain.cam.seen import Found, Seen

NOTE = "EigenCAM does not depend on the class, and the sign of its map is arbitrary"


class EigenCam(CamMethod):
    """EigenCAM by the formula of pytorch-grad-cam."""

    title = "Eigen-CAM"
    per_class = False

    def coarse(self, seen: Seen) -> Found:
        """Project the activations."""
        return Found(library.eigencam(seen.activations), note=NOTE)
