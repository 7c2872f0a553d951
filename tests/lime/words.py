"""Settings of LIME in few words."""

from collections.abc import Mapping
from typing import Any

from lucidag.explain.lime.settings import LimeSettings


def lime_settings(
    algorithm: str = "quickshift",
    parameters: Mapping[str, Any] | None = None,
    hide_color: Any = None,
    num_features: int = 8,
    num_samples: int = 300,
    top_labels: int = 1,
    kernel_width: float = 0.25,
    seed: int = 0,
) -> LimeSettings:
    """Return the settings; the defaults are those of `LimeSettings`, which a test holds."""
    return LimeSettings(
        segmentation={"algorithm": algorithm, **(parameters or {})},
        hide_color=list(hide_color) if isinstance(hide_color, tuple) else hide_color,
        num_features=num_features,
        num_samples=num_samples,
        top_labels=top_labels,
        kernel_width=kernel_width,
        seed=seed,
    )
