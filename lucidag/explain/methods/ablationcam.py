"""Ablation-CAM: each channel by what the class loses without it (Desai & Ramaswamy 2020)."""

from lucidag.explain.cam.explainer import CamMethod
from lucidag.explain.cam.seen import Found, Seen
from lucidag.explain.cam.weights import ablation_drops, ablation_weights, pooled_ablation_drops


class AblationCam(CamMethod):
    """Ablation-CAM; where global average pooling follows the layer, in closed form."""

    title = "Ablation-CAM"
    needs = "perturbation"

    def coarse(self, seen: Seen) -> Found:
        """Weigh each channel by the drop of the class's logit without it."""
        head, score = seen.network.head, float(seen.logits[seen.target])
        if head is not None:
            drops = pooled_ablation_drops(seen.activations, head, seen.target)
        else:
            drops = ablation_drops(seen.point, seen.target, score, seen.network.batch_size)
        return seen.weighted(*ablation_weights(drops, score))
