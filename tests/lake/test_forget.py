"""`forget` takes a person's events out, from every place they are."""

from __future__ import annotations

from pathlib import Path

import pytest

import agentgauge
from agentgauge.errors import SettingsError
from agentgauge.lake import Lake
from tests.lake.reading import rows


def record_for(gauge: agentgauge.Gauge, user: str, count: int) -> None:
    with gauge.scope(user=user):
        for _ in range(count):
            gauge.llm_call("gpt-4o", "openai", input_tokens=1)


def bytes_under(root: Path) -> bytes:
    return b"".join(path.read_bytes() for path in root.rglob("*") if path.is_file())


def test_nothing_of_the_person_is_left_on_disk(lake: Lake, gauge: agentgauge.Gauge) -> None:
    record_for(gauge, "mallory-7", 3)
    lake.compact()
    record_for(gauge, "mallory-7", 2)
    record_for(gauge, "someone", 4)
    assert b"mallory-7" in bytes_under(lake.home.root)
    assert lake.forget("mallory-7").events == 5
    assert rows(lake, 'SELECT "user", count(*) FROM events GROUP BY 1') == [("someone", 4)]
    assert b"mallory-7" not in bytes_under(lake.home.root)


def test_the_recorder_goes_on_after_it(lake: Lake, gauge: agentgauge.Gauge) -> None:
    record_for(gauge, "a", 2)
    lake.forget("a")
    record_for(gauge, "b", 2)
    assert rows(lake, 'SELECT "user", count(*) FROM events GROUP BY 1') == [("b", 2)]
    gauge.close()
    lake.compact()
    assert rows(lake, 'SELECT "user", count(*) FROM events GROUP BY 1') == [("b", 2)]
    assert rows(lake, "SELECT * FROM losses") == []


def test_forgetting_nobody_is_refused(lake: Lake) -> None:
    with pytest.raises(SettingsError, match="name of a user"):
        lake.forget("")
