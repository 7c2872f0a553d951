"""The cluster that the tests run on."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.slurm.cluster import Cluster, NoClusterError, running

# What each node says it has, in megabytes: room for two jobs with a GPU beside others. Nothing is set aside for it.
MEMORY = 40_000


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Return a running cluster of two nodes; where there is none, skip, or fail if LUCIDAG_REQUIRE_SLURM is set."""
    # Munge wants a socket that all can reach, which pytest's own folders are not.
    with tempfile.TemporaryDirectory(prefix="lucidag-slurm-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        try:
            with running(Path(name), MEMORY) as started:
                yield started
        except NoClusterError as reason:
            if os.environ.get("LUCIDAG_REQUIRE_SLURM"):
                pytest.fail(str(reason))
            pytest.skip(str(reason))
