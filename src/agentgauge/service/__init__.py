"""The service: settings turned into objects, each question named once, and what a server does besides."""

from __future__ import annotations


def invalidate_cache_pattern(pattern: str) -> int:
    """Drop cached answers whose keys match, of every server of this home: `metrics:*` is all of them.

    `*` is any text and `?` any character; keys are described in `agentgauge.service.cache.keys`. Home and Redis are
    those of the environment. Returns how many were dropped from Redis; processes drop what they keep in their own
    memory within a tenth of a second. Raises `SettingsError`.
    """
    from agentgauge.service.cache import answer_cache  # deferred: this package is imported by everything above it
    from agentgauge.settings.server import get_server_settings

    cache = answer_cache(get_server_settings())
    try:
        return cache.invalidate(pattern)
    finally:
        cache.close()
