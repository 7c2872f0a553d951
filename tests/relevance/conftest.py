"""What tests of relevance share."""

import pytest
import zennit.core
import zennit.rules

from lucidag.explain.relevance import direct, gamma, passing


@pytest.fixture
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Divide by almost nothing more than what is divided by: the rules add 1e-6, which keeps that much relevance."""
    for module in (zennit.core, zennit.rules, passing, direct, gamma):
        monkeypatch.setattr(module, "stabilize", lambda x, epsilon=0.0: x + 1e-12 * ((x >= 0) * 2.0 - 1))
