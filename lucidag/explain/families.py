"""Which methods are near relatives, by their names alone: what tables and figures may know without the methods."""

from collections.abc import Iterable, Mapping

# Members share most of what they compute: that they agree is no agreement of independent methods.
RELATED: Mapping[str, tuple[str, ...]] = {
    "cam": ("gradcam", "ablationcam", "scorecam", "gradcam++", "layercam", "eigencam"),
    "lrp": (
        "epsilon_plus_flat",
        "epsilon_gamma_box",
        "epsilon_unsigned_gamma_box",
        "epsilon_alpha2_beta1",
        "attn_lrp",
    ),
}


def relatives(methods: Iterable[str]) -> list[list[str]]:
    """Give the families of which two or more are among `methods`, in their order."""
    named = list(methods)
    found = ([method for method in named if method in family] for family in RELATED.values())
    return [family for family in found if len(family) > 1]
