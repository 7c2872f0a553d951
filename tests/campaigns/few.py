"""A configuration of a few jobs, for accidents that each need a run of their own."""

from typing import Any

from tests.every import every

# A data set, a network, what it says, its curves.
FEW: dict[str, Any] = {
    "datasets": {"own": every()["datasets"]["own"]},
    "models": {
        "one": {
            "dataset": "own",
            "architecture": "lucidag.models.small:small_cnn",
            "options": {"width": 2, "depth": 2},
            "input": {"size": 16},
            "device": "cpu",
            "train": {"epochs": 20, "batch_size": 8, "threads": 1},
        }
    },
    "rof": {"methods": ["l1", "random"], "random_orders": 1, "resamples": 10, "order_resamples": 2},
    "claims": None,
    "report": {"notebook": False, "atlas": None},
}
