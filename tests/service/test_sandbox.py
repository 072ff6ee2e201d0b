"""SQL of others reads the lake's views, and nothing else, within limits."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from agentgauge.errors import QueryError
from agentgauge.meter import Meter
from agentgauge.service.sandbox import SqlAnswer, ask_apart
from agentgauge.service.sandbox.limits import Reply, Statement
from agentgauge.service.sandbox.running import decoded_settings, encoded_settings, reply_to
from agentgauge.settings import Settings, get_settings
from agentgauge.state.agents import AgentName
from tests.service.recorded_work import record

_SECRET = "do-not-read-me"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with landed events and a tail, and a file that is none of the lake's."""
    home = tmp_path_factory.mktemp("[odd] home")
    record(home)
    found = get_settings(home, environ={})
    Meter(found).lake.compact()
    record(home)
    (home / "state.csv").write_text(f"a,b\n1,{_SECRET}\n")
    return found


def asked(settings: Settings, text: str, *, limit: int = 100, seconds: float = 30) -> Reply:
    return reply_to(settings, Statement(text, limit, seconds))


def rows(settings: Settings, text: str) -> tuple[tuple[object, ...], ...]:
    reply = asked(settings, text)
    assert reply.answer is not None, reply.refused
    return reply.answer.rows


@pytest.mark.parametrize(
    "view", ["events", "losses", "repriced", "units", "user_satisfaction", "daily_aggregates", "agent_metrics"]
)
def test_every_view_can_be_read(settings: Settings, view: str) -> None:
    assert rows(settings, f"SELECT count(*) >= 0 FROM {view}") == ((True,),)


def test_tasks_have_the_ids_of_agents_that_were_handed_in(settings: Settings) -> None:
    named = rows(settings, "SELECT DISTINCT agent_name, coalesce(project, '') FROM agent_metrics")
    ids = tuple((AgentName(str(name), str(project)), 7) for name, project in named if name is not None)
    assert ids
    statement = Statement("SELECT DISTINCT agent_id FROM agent_metrics WHERE agent_name IS NOT NULL", 100, 30, ids)
    reply = reply_to(settings, statement)
    assert reply.answer is not None
    assert reply.answer.rows == ((7,),)


def test_landed_events_and_those_that_have_not_are_all_there(settings: Settings) -> None:
    assert rows(settings, "SELECT count(DISTINCT segment), count(id) > 0, count(*) > count(id) FROM events") == (
        (4, True, True),
    )


REACHING_OUT = {
    "a file as CSV": "SELECT * FROM read_csv('/etc/passwd')",
    "a file as text": "SELECT * FROM read_text('/etc/passwd')",
    "a file as bytes": "SELECT * FROM read_blob('/etc/passwd')",
    "a file as JSON": "SELECT * FROM read_json('/etc/passwd')",
    "a file by its name": "SELECT * FROM '/etc/passwd.csv'",
    "a guess at a file": "SELECT * FROM sniff_csv('/etc/passwd')",
    "a list of files": "SELECT * FROM glob('/etc/*')",
    "a list of the home": "SELECT * FROM glob('{home}/*')",
    "a file of the home": "SELECT * FROM read_csv('{home}/state.csv')",
    "a data file that no view reads": "SELECT * FROM read_parquet('{home}/lake/events/**/*.parquet')",
    "what is said in a file's head": "SELECT * FROM parquet_metadata('/etc/passwd')",
    "another database": "SELECT * FROM read_duckdb('{home}/state.db')",
    "SQL in a function": "SELECT * FROM query('SELECT * FROM read_text(''/etc/passwd'')')",
    "serialized SQL": "SELECT * FROM json_execute_serialized_sql("
    "json_serialize_sql('SELECT * FROM read_text(''/etc/passwd'')'))",
    "the network": "SELECT * FROM read_parquet('http://localhost:1/x.parquet')",
    "an object store": "SELECT * FROM read_parquet('s3://bucket/x.parquet')",
    "the environment": "SELECT getenv('HOME')",
    "secrets": "SELECT * FROM duckdb_secrets()",
    "a variable of Python": "SELECT * FROM statement",
    "a module of Python": "SELECT * FROM duckdb",
    "a log into a file": "SELECT * FROM enable_logging(storage = 'file', storage_config = {{'path': '{home}/log'}})",
    "a profile into a file": "SELECT * FROM enable_profiling(save_location = '{home}/profile')",
    "memory by its address": "SELECT * FROM arrow_scan(1, 2, 3)",
    "data that Python holds": "SELECT * FROM pandas_scan(1)",
}
WRITING = {
    "to a file": "COPY (SELECT 1) TO '{home}/stolen.csv'",
    "over a data file": "COPY events TO '{home}/lake/events/x.parquet'",
    "a database": "ATTACH '{home}/new.db'",
    "an export": "EXPORT DATABASE '{home}/new'",
    "an extension": "INSTALL httpfs",
    "an extension that is there": "LOAD httpfs",
    "a setting": "SET enable_external_access = true",
    "the setting of settings": "SET lock_configuration = false",
    "a pragma": "PRAGMA enable_profiling",
    "a call": "CALL enable_logging()",
    "a table": "CREATE TABLE t AS SELECT 1",
    "a macro": "CREATE MACRO f(x) AS x",
    "events": "DELETE FROM internal.tail",
    "two at once": "SELECT 1; COPY (SELECT 1) TO '{home}/stolen.csv'",
    "an explanation that runs": "EXPLAIN ANALYZE COPY (SELECT 1) TO '{home}/stolen.csv'",
}


@pytest.mark.parametrize("statement", [*REACHING_OUT.values(), *WRITING.values()], ids=[*REACHING_OUT, *WRITING])
def test_a_statement_reaches_nothing_but_the_views(settings: Settings, statement: str) -> None:
    home = settings.home.root
    before = sorted(home.rglob("*"))
    reply = asked(settings, statement.format(home=home))
    assert reply.answer is None
    assert reply.refused
    assert _SECRET not in reply.refused
    assert sorted(home.rglob("*")) == before


def test_settings_say_nothing_but_where_the_data_files_are(settings: Settings) -> None:
    told = str(rows(settings, "SELECT name, value FROM duckdb_settings() WHERE value LIKE '%/%'"))
    assert str(settings.home.root / "lake") in told
    assert "state" not in told


def test_a_runaway_statement_ends_at_its_limit_with_what_to_do(settings: Settings) -> None:
    endless = "SELECT sum(a.range * b.range) FROM range(1e9::BIGINT) a, range(1e6::BIGINT) b"
    with pytest.raises(QueryError, match=r"stopped after 0\.5 s: ask for a shorter window"):
        ask_apart(settings, endless, seconds=0.5)


def test_a_statement_that_nobody_waits_for_is_ended(settings: Settings) -> None:
    given_up = threading.Event()
    given_up.set()
    with pytest.raises(QueryError, match="nobody waits"):
        ask_apart(settings, "SELECT count(*) FROM range(1e15::BIGINT) WHERE range % 7 = 8", given_up=given_up)


def test_rows_that_never_end_are_stopped_too(settings: Settings) -> None:
    reply = asked(settings, "SELECT md5(range::VARCHAR) FROM range(1e12::BIGINT) WHERE range % 1e11 = 1", seconds=0.5)
    assert "stopped after 0.5 s" in reply.refused


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT list(range) FROM range(200000000)",
        "SELECT length(repeat('a', 2000000000))",
    ],
    ids=["in DuckDB's buffers", "in a single value"],
)
def test_a_statement_that_needs_too_much_memory_fails_alone(settings: Settings, statement: str) -> None:
    with pytest.raises(QueryError, match="more memory than it may"):
        ask_apart(settings, statement)


def test_an_answer_has_no_more_rows_than_asked_for_and_says_so(settings: Settings) -> None:
    assert ask_apart(settings, "SELECT range FROM range(10)", limit=3) == SqlAnswer(
        ("range",), ((0,), (1,), (2,)), truncated=True
    )


def test_an_answer_is_no_larger_than_what_is_read_of_it(settings: Settings) -> None:
    reply = asked(settings, "SELECT repeat('a', 4000000) FROM range(10)")
    assert reply.answer is not None
    assert (len(reply.answer.rows), reply.answer.truncated) == (4, True)


def test_values_are_as_everywhere(settings: Settings) -> None:
    text = """
        SELECT 0.10::DECIMAL(18, 12), 'NaN'::DOUBLE, TIMESTAMPTZ '2026-11-01 12:00:00+02', [1, NULL], attributes
        FROM events WHERE name = 'qa_response' LIMIT 1
    """
    assert rows(settings, text) == (("0.1", None, "2026-11-01T10:00:00Z", [1, None], {"query_type": "general"}),)


@pytest.mark.parametrize("text", ['{"a": NaN}', "1e999", "[" * 3000 + "]" * 3000])
def test_json_that_is_no_document_of_ours_stays_text(settings: Settings, text: str) -> None:
    assert rows(settings, f"SELECT '{text}'::JSON") == ((text,),)


def test_values_too_deep_to_be_told_are_refused_in_words(settings: Settings) -> None:
    assert "too deep" in asked(settings, "SELECT (repeat('[', 900) || repeat(']', 900))::JSON").refused


def test_a_home_without_events_can_be_asked(tmp_path: Path) -> None:
    assert ask_apart(get_settings(tmp_path / "new", environ={}), "SELECT count(*) FROM events").rows == ((0,),)


def test_settings_reach_the_other_process_as_they_are(tmp_path: Path) -> None:
    settings = get_settings(tmp_path, environ={"AGENTGAUGE_PRICES": str(tmp_path / "prices.toml")})
    assert decoded_settings(encoded_settings(settings)) == settings
