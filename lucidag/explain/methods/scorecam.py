"""Score-CAM: each channel by the class's score behind it as a mask (Wang et al. 2020)."""

from lucidag.explain.cam.explainer import CamMethod
from lucidag.explain.cam.scorecam import scorecam_weights
from lucidag.explain.cam.seen import Found, Seen


class ScoreCam(CamMethod):
    """Score-CAM: one forward pass of the whole network per channel."""

    title = "Score-CAM"
    needs = "perturbation"

    def coarse(self, seen: Seen) -> Found:
        """Weigh each channel by the score of the image behind it."""
        network = seen.network
        return seen.weighted(
            scorecam_weights(network.fast, seen.x, seen.point.activations, seen.target, network.batch_size)
        )
