from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agentgauge.service.cache import AnswerCache, answer_cache
from agentgauge.settings.server import ServerSettings, get_server_settings

Caches = Callable[..., AnswerCache]


@pytest.fixture
def settings(tmp_path: Path) -> ServerSettings:
    return get_server_settings(tmp_path / "home", {})


@pytest.fixture
def caches(tmp_path: Path) -> Iterator[Caches]:
    """Makes caches, each as a process of its own would have it, of this test's home or another."""
    made: list[AnswerCache] = []

    def make(redis_url: str | None = None, home: str = "home") -> AnswerCache:
        environment = {} if redis_url is None else {"AGENTGAUGE_REDIS_URL": redis_url}
        made.append(answer_cache(get_server_settings(tmp_path / home, environment)))
        return made[-1]

    yield make
    for cache in made:
        cache.close()
