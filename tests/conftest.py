"""What holds for every test: a home of its own, no settings from the caller's shell, the same examples in every run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest

pytest_plugins = ["tests.servers.fixtures"]

# The same examples everywhere, and none remembered: a failure is the change's, never the day's. No deadline, and no
# complaint that examples are made slowly, since machines differ. HYPOTHESIS_PROFILE=search looks for new ones.
_PATIENT: dict[str, Any] = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("repeatable", derandomize=True, database=None, print_blob=True, **_PATIENT)
hypothesis.settings.register_profile("search", max_examples=2000, print_blob=True, **_PATIENT)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

_SETTINGS = ("AGENTGAUGE_", "ENABLE_METRICS", "METRICS_", "XDG_DATA_HOME")


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Each test, and each process it starts, has an empty home and default settings.

    It asks for nothing scoped to a function, which Hypothesis would refuse.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(_SETTINGS)]:
            patch.delenv(name)
        home = tmp_path_factory.mktemp("home")
        patch.setenv("AGENTGAUGE_HOME", str(home / "agentgauge"))
        patch.setenv("XDG_DATA_HOME", str(home))
        yield
