"""Fixtures of real servers: started once per test process, with a database of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import psycopg
import pytest

from tests.servers.postgres import postgres_server
from tests.servers.redis import RedisServer, given_redis_url, redis_server

_numbers = count(1)


@pytest.fixture(scope="session")
def _postgres() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture
def postgres_url(_postgres: str, worker_id: str) -> Iterator[str]:
    """An empty database of the test's own."""
    name = f"agentgauge_test_{worker_id}_{next(_numbers)}"
    with psycopg.connect(_postgres, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')
        yield f"{_postgres.rpartition('/')[0]}/{name}"
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def _redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
def _patient_of_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that gets no processor for a quarter of a second would take a Redis that runs for one that is away."""
    monkeypatch.setattr("agentgauge.service.cache.shared._TIMEOUT_SECONDS", 60)
    monkeypatch.setattr("agentgauge.service.security.limiting._REDIS_SECONDS", 60)


@pytest.fixture
def redis_url(_patient_of_redis: None, request: pytest.FixtureRequest) -> str:
    """A running server, which other tests of the same process use too: keys need a prefix of the test's own."""
    url = given_redis_url() or request.getfixturevalue("_redis").url
    assert isinstance(url, str)
    return url


@pytest.fixture
def own_redis(_patient_of_redis: None) -> Iterator[RedisServer]:
    """A server that the test may stop and start."""
    with redis_server() as server:
        yield server
