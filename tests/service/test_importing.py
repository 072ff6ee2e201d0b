"""Importing real logs: the figures of the session, once, however often it is imported."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from agentgauge.errors import ImportFormatError, SettingsError
from agentgauge.lake.compactor import writer_lock
from agentgauge.meter import Meter
from agentgauge.service.importing import import_logs
from agentgauge.settings import get_settings

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def meter(tmp_path: Path) -> Meter:
    return Meter(get_settings(tmp_path / "home"))


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """The shipped session of a coding agent, as a file of its own that a test may change."""
    with as_file(files("agentgauge") / "data" / "demo_session.jsonl") as shipped:
        copy = tmp_path / "logs" / "session.jsonl"
        copy.parent.mkdir()
        copy.write_bytes(shipped.read_bytes())
    return copy


def totals(meter: Meter) -> tuple[int, int, int, Decimal]:
    with meter.reading() as snapshot:
        row = snapshot.connection.execute(
            "SELECT count(*), sum(cache_read_tokens), sum(output_tokens), sum(cost_usd) "
            "FROM events WHERE kind = 'llm_call'"
        ).fetchone()
    assert row is not None
    return row


SESSION = (484, 54_693_675, 187_895, Decimal("42.5959075"))


def test_the_real_session_gives_its_own_figures(meter: Meter, session: Path) -> None:
    imported = import_logs(meter, "pi", [session], now=NOW)
    assert totals(meter) == SESSION
    assert imported.by_kind == {"llm_call": 484, "tool_call": 454, "task": 55, "error": 1, "mark": 1}
    assert (imported.compared, imported.disagreements) == (484, ())


def test_importing_again_adds_nothing(meter: Meter, session: Path) -> None:
    import_logs(meter, "pi", [session], now=NOW)
    again = import_logs(meter, "pi", [session.parent], now=NOW)
    assert again.recorded == 0
    assert totals(meter) == SESSION


def test_importing_again_after_the_raw_events_expired_adds_nothing(meter: Meter, session: Path) -> None:
    import_logs(meter, "pi", [session], now=NOW)
    meter.lake.expire(datetime(2100, 1, 1, tzinfo=UTC))
    assert import_logs(meter, "pi", [session], now=NOW).recorded == 0
    assert totals(meter) == (0, None, None, None)


def test_the_last_usage_of_a_repeated_call_wins_across_imports(meter: Meter, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    line = {
        "type": "assistant",
        "timestamp": "2026-01-09T10:00:00.000Z",
        "sessionId": "s-1",
        "uuid": "u-1",
        "requestId": "req-1",
        "message": {
            "id": "msg-1",
            "role": "assistant",
            "model": "claude-sonnet-4-20250514",
            "usage": {"input_tokens": 100, "output_tokens": 5},
        },
    }
    log.write_text(json.dumps(line) + "\n")
    import_logs(meter, "claude-code", [log], now=NOW)
    line["message"]["usage"]["output_tokens"] = 50  # type: ignore[index]
    log.write_text(log.read_text() + json.dumps(line) + "\n")
    assert import_logs(meter, "claude-code", [log], now=NOW).recorded >= 1
    with meter.reading() as snapshot:
        calls = snapshot.connection.execute("SELECT output_tokens FROM events WHERE kind = 'llm_call'").fetchall()
    assert calls == [(50,)]


def test_a_stated_cost_that_is_not_ours_is_kept_and_said(meter: Meter, session: Path) -> None:
    text = session.read_text()
    assert '"total":0.017400000000000002' in text
    session.write_text(text.replace('"total":0.017400000000000002', '"total":0.5', 1))
    imported = import_logs(meter, "pi", [session], now=NOW)
    (disagreement,) = imported.disagreements
    assert (disagreement.model, disagreement.calls) == ("claude-opus-4-5", 1)
    assert (disagreement.stated_usd, disagreement.computed_usd) == (Decimal("0.5"), Decimal("0.0174"))
    assert totals(meter)[3] == Decimal("42.5959075") + Decimal("0.4826")


def test_a_broken_line_is_named_and_the_rest_is_imported(meter: Meter, session: Path) -> None:
    lines = session.read_text().splitlines()
    lines.insert(10, '{"type": "message", "mess')
    session.write_text("\n".join(lines) + "\n")
    imported = import_logs(meter, "pi", [session], now=NOW)
    assert [(broken.file.name, broken.line_number) for broken in imported.broken] == [("session.jsonl", 11)]
    assert totals(meter) == SESSION


@pytest.mark.parametrize("switch", ["AGENTGAUGE_DISABLED=1", "ENABLE_METRICS_PERSISTENCE=false"])
def test_an_import_that_would_keep_nothing_is_refused(tmp_path: Path, session: Path, switch: str) -> None:
    name, _, value = switch.partition("=")
    meter = Meter(get_settings(tmp_path / "home", {name: value}))
    with pytest.raises(SettingsError, match="would keep nothing"):
        import_logs(meter, "pi", [session], now=NOW)


def test_what_the_journal_has_no_place_for_is_said_and_not_called_recorded(tmp_path: Path, session: Path) -> None:
    meter = Meter(get_settings(tmp_path / "home", {"AGENTGAUGE_JOURNAL_MAX_MB": "0"}))
    imported = import_logs(meter, "pi", [session], now=NOW)
    assert (imported.recorded, imported.known) == (0, 0)
    assert imported.dropped == {"journal full": 995}


def test_an_import_works_beside_a_compactor(meter: Meter, session: Path) -> None:
    with writer_lock(meter.settings.home):
        assert import_logs(meter, "pi", [session], now=NOW).recorded == 995
    assert totals(meter) == SESSION


def test_a_file_of_another_kind_is_refused_alone_and_skipped_among_others(meter: Meter, session: Path) -> None:
    other = session.parent / "notes.json"
    other.write_text('{"shopping": ["milk"]}\n')
    with pytest.raises(ImportFormatError):
        import_logs(meter, "pi", [other], now=NOW)
    imported = import_logs(meter, "pi", [session.parent], now=NOW)
    assert [skipped.file.name for skipped in imported.skipped] == ["notes.json"]
    assert totals(meter) == SESSION
