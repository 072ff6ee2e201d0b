"""The servers that tests start are what they say."""

from __future__ import annotations

import psycopg
import redis

from tests.servers.redis import RedisServer


def test_each_test_has_an_empty_database_of_a_real_postgres(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
        assert row == (0,)


def test_a_redis_can_be_stopped_and_started_again(own_redis: RedisServer) -> None:
    client = redis.Redis.from_url(own_redis.url)
    assert client.ping()
    own_redis.stop()
    own_redis.start()
    assert client.ping()
    client.close()
