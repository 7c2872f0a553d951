"""The versions of what made the page's results, as far as the job that makes the page sees them."""

import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("numpy", "pandas", "scipy", "scikit-learn", "safetensors", "torch", "torchvision", "captum", "zennit")


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that results rest on; those that are not there are left out."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
