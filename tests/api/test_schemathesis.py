"""Every endpoint, asked whatever its description allows and what it does not: schemathesis finds nothing.

No answer is a fault of the server, each is as described, other methods are refused with 405, and what the description
forbids is refused. The examples are the same in every run; HYPOTHESIS_PROFILE=search goes deeper.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import from_schema
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished
from schemathesis.python.asgi import shutdown_lifespans
from schemathesis.specs.openapi.schemas import OpenApiSchema

import agentgauge
from agentgauge.api.app import create_app
from agentgauge.service.security.keys import issue
from agentgauge.settings import resolve_home
from agentgauge.settings.server import get_server_settings
from agentgauge.state import state_of
from agentgauge.state.alerts import AlertBook, Detected
from agentgauge.state.keys import KeyBook

_DEEPER = os.environ.get("HYPOTHESIS_PROFILE") == "search"
_UNLIMITED = {"AGENTGAUGE_READS_PER_MINUTE": "0", "AGENTGAUGE_INGESTS_PER_MINUTE": "0"}


def _config(key: str) -> SchemathesisConfig:
    return SchemathesisConfig.from_dict(
        {
            "seed": 4,
            "suppress-health-check": ["too_slow"],  # of making examples, on a machine that is busy
            "base-url": "http://localhost",
            "headers": {"Authorization": f"Bearer {key}"},
            "generation": {
                "max-examples": 200 if _DEEPER else 2,
                "deterministic": not _DEEPER,
                "database": "none",
                "no-shrink": not _DEEPER,
            },
            "phases": {
                # What parameters are at their bounds and beyond them is in `coverage`, which no chance decides.
                "fuzzing": {"enabled": _DEEPER},
                "stateful": {"enabled": _DEEPER},
                **({} if _DEEPER else {"coverage": {"unexpected-methods": ["delete", "trace"]}}),
            },
            "checks": {
                # What is allowed one by one need not be together: a period that ends before it starts.
                "positive_data_acceptance": {"enabled": False},
                # Its wrong keys are more than an address may try in a minute. `security.test_isolation` asks each
                # route without one.
                "ignored_auth": {"enabled": False},
            },
        }
    )


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenApiSchema]:
    """A server with a little of everything that examples name: agent 1 is `coder`, of project `web`."""
    home, now = tmp_path_factory.mktemp("home"), datetime.now(UTC)
    with agentgauge.open(home, project="web", agent="coder", role="developer", session="s-1") as gauge:
        for number in range(40):
            at = now - timedelta(hours=7 * number, minutes=1)
            gauge.task("work", duration_ms=number % 7, quality_score=80.0, success=number % 5 > 0, at=at)
            gauge.llm_call("gpt-4o", "openai", input_tokens=100, output_tokens=7, cost_usd=Decimal("0.01"), at=at)
    state = state_of(resolve_home(home))
    found = Detected(condition="c", type="anomaly", severity="warning", metric="cost", message="more than usual")
    AlertBook(state).detect(found, now)
    key = issue(KeyBook(state), "schemathesis", ["admin"], actor="test", now=now).token.text
    app = create_app(get_server_settings(home, _UNLIMITED))
    yield schemathesis.openapi.from_asgi("/openapi.json", app, config=_config(key))
    shutdown_lifespans()


@pytest.mark.parametrize("tag", ["metrics", "beyond", "ingest", "operations", "admin", "sign-in"])
def test_nothing_is_found(described: OpenApiSchema, tag: str) -> None:
    found: dict[str, str] = {}
    tried: set[str] = set()
    for event in from_schema(described.include(tag=tag)).execute():
        if isinstance(event, ScenarioFinished):
            tried.add(str(event.label))
            for checks in event.recorder.checks.values():
                for failure in (check.failure_info for check in checks if check.failure_info is not None):
                    what = f"{event.label}: {failure.failure.title}"
                    found.setdefault(what, f"{failure.failure.message}\n{failure.code_sample}")
        elif isinstance(event, (NonFatalError, FatalError)):
            found[str(event.id)] = str(event)
    assert not found, "\n\n".join(f"{what}\n{said}" for what, said in found.items())
    assert tried


def test_every_operation_is_tried(described: OpenApiSchema) -> None:
    tags = {tag for operations in described.raw_schema["paths"].values() for one in operations.values()
            for tag in one.get("tags", [None])}  # fmt: skip
    assert tags == {"metrics", "beyond", "ingest", "operations", "admin", "sign-in"}
