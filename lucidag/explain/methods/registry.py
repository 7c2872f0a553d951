"""The table of all methods: the name of each, and where its class is. Nothing is imported before it is asked for.

A method of one's own is named in the configuration as ``package.module:Class``, and goes by the name of its class.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from lucidag.ground.errors import told_of
from lucidag.ground.named import named
from lucidag.ground.spelling import check_known

if TYPE_CHECKING:
    from lucidag.explain.methods.base import Method

CAM, LIME, LRP = "cam", "lime", "lrp"

# Methods that are made in one job, as they share forward passes; any other has a job of its own.
FAMILIES: Mapping[str, Mapping[str, str]] = {
    CAM: {
        "gradcam": "lucidag.explain.methods.gradcam:GradCam",
        "ablationcam": "lucidag.explain.methods.ablationcam:AblationCam",
        "scorecam": "lucidag.explain.methods.scorecam:ScoreCam",
        "gradcam++": "lucidag.explain.methods.gradcam_plus_plus:GradCamPlusPlus",
        "layercam": "lucidag.explain.methods.layercam:LayerCam",
        "eigencam": "lucidag.explain.methods.eigencam:EigenCam",
    },
    LRP: {
        "epsilon_plus_flat": "lucidag.explain.methods.lrp:EpsilonPlusFlat",
        "epsilon_gamma_box": "lucidag.explain.methods.lrp:EpsilonGammaBox",
        "epsilon_unsigned_gamma_box": "lucidag.explain.methods.lrp:EpsilonUnsignedGammaBox",
        "epsilon_alpha2_beta1": "lucidag.explain.methods.lrp:EpsilonAlpha2Beta1",
        "attn_lrp": "lucidag.explain.methods.lrp:AttnLrp",
    },
}
METHODS: Mapping[str, str] = {
    **FAMILIES[CAM],
    "lime": "lucidag.explain.methods.lime:Lime",
    **FAMILIES[LRP],
    "attention": "lucidag.explain.methods.attention:Attention",
    "rollout": "lucidag.explain.methods.rollout:Rollout",
    "gradient_attention": "lucidag.explain.methods.gradient_attention:GradientAttention",
    "legrad": "lucidag.explain.methods.legrad:LeGrad",
    "integrated_gradients": "lucidag.explain.methods.integrated_gradients:IntegratedGradients",
    "expected_gradients": "lucidag.explain.methods.expected_gradients:ExpectedGradients",
    "smoothgrad": "lucidag.explain.methods.smoothgrad:SmoothGrad",
    "occlusion": "lucidag.explain.methods.occlusion:Occlusion",
    "rise": "lucidag.explain.methods.rise:Rise",
}
# What needs the attention of every layer: of some networks they refuse it, and the dry run asks.
ATTENDED = ("rollout", "gradient_attention", "legrad")
# Each map costs hundreds of predictions: studies read the stored maps, and do not ask again of changed images.
SLOW = (LIME, "rise")
# Of the default families, what is made only where it is named.
UNASKED = ("epsilon_unsigned_gamma_box", "attn_lrp")
DEFAULT = (*FAMILIES[CAM], LIME, *(name for name in FAMILIES[LRP] if name not in UNASKED))


def name_of(method: str) -> str:
    """Return the name of a method in files, tables and figures; of one's own that of its class."""
    return method.rpartition(":")[2]


def family_of(method: str) -> str:
    """Return the name of the family that a method is made with: its own where it is made alone."""
    return next((family for family, names in FAMILIES.items() if method in names), name_of(method))


def families(methods: Iterable[str]) -> dict[str, list[str]]:
    """Sort methods by family, in the order in which they come."""
    found: dict[str, list[str]] = {}
    for method in methods:
        found.setdefault(family_of(method), []).append(method)
    return found


def place_of(method: str) -> str:
    """Return where a method's class is, as ``package.module:Class``.

    Raises
    ------
    InputError
        If there is no such method.
    """
    if ":" in method:
        return method
    check_known("method", method, METHODS)
    return METHODS[method]


def module_of(method: str) -> str:
    """Return the module that a method's class is in; raises as `place_of`."""
    return place_of(method).partition(":")[0]


def load(method: str) -> "type[Method]":
    """Import the class of a method.

    Raises
    ------
    InputError
        If there is no such method, or what its name leads to is no method.
    """
    from lucidag.explain.methods.base import Method

    with told_of(f"method '{method}'"):
        found = named(place_of(method), Method)
    found.check(method)
    return found


def titles(methods: Iterable[str]) -> dict[str, str]:
    """Return the names for readers of methods; raises as `load`."""
    return {name_of(method): load(method).about().title for method in methods}
