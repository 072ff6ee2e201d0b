"""The environment: what is mistyped in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agentgauge import settings
from agentgauge.settings import unknown
from agentgauge.settings.unknown import known_variables, unknown_variables


def test_a_variable_that_is_no_setting_is_told_with_the_one_that_was_meant_and_without_its_value() -> None:
    environ = {
        "AGENTGAUGE_RETENTION_DAYZ": "secret",
        "AGENTGAUGE_REDIS": "secret",
        "AGENTGAUGE_COLOUR": "secret",
        "AGENTGAUGE_HOME": "x",
        "PATH": "/bin",
    }
    assert unknown_variables(environ) == [
        "AGENTGAUGE_COLOUR is no setting, and does nothing",
        "AGENTGAUGE_REDIS is no setting, and does nothing: did you mean AGENTGAUGE_REDIS_URL?",
        "AGENTGAUGE_RETENTION_DAYZ is no setting, and does nothing: did you mean AGENTGAUGE_RETENTION_DAYS?",
    ]


@pytest.mark.parametrize("name", ["AGENTGAUGE_TEST_POSTGRES_URL", "AGENTGAUGE_SERVICE_HOST", "AGENTGAUGE_PORT_80_TCP"])
def test_variables_of_the_tests_and_of_kubernetes_are_nobodys_mistake(name: str) -> None:
    assert unknown_variables({name: "x"}) == []


def test_every_variable_that_settings_read_is_known() -> None:
    sources = set(Path(settings.__file__).parent.glob("*.py")) - {Path(unknown.__file__)}
    read = {name for source in sources for name in re.findall(r'"(AGENTGAUGE_[A-Z_]+[A-Z])"', source.read_text())}
    assert read <= known_variables()
    assert len(read) > 20
