"""EigenCAM: the activations along their first principal component (Muhammad & Yeasin 2020)."""

import numpy as np

from lucidag.explain.cam.seen import Found, Seen
from lucidag.explain.methods.cam import CamMethod
from lucidag.explain.reference import Case, Reference

NOTE = "EigenCAM does not depend on the class, and the sign of its map is arbitrary"


class EigenCam(CamMethod):
    """EigenCAM by the formula of pytorch-grad-cam."""

    title = "Eigen-CAM"
    library, theirs = "grad-cam", "EigenCAM"
    per_class = False

    def coarse(self, seen: Seen) -> Found:
        """Project the activations."""
        from pytorch_grad_cam import EigenCAM  # here, and called without an object: as in Grad-CAM++

        image = EigenCAM.get_cam_image(None, None, None, None, seen.activations, None, False)
        return Found(np.asarray(image[0], np.float32), note=NOTE)

    def reference(self, case: Case) -> Reference:
        """Ask pytorch-grad-cam; rounding may turn the sign, so the map of the other sign is as right."""
        from lucidag.explain.cam.library import library_components  # here, as in `CamMethod`

        one, other = library_components(case)
        return Reference(one, other=other)
