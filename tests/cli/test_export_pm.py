"""`agentgauge export pm`: what a ticket used, as tools for project management take it."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest

import agentgauge
from agentgauge.exporters.pm import linear_comment, plane_comment
from agentgauge.sessions import AgentResult, MetricsCollector, MetricsSummary, TokenUsage
from tests.cli.conftest import Run

NASTY = '<script>alert(1)</script> & "x" [a](https://evil.example) **b** @here\n# c | `d` \u202edcba'


def _worked(home: Path) -> None:
    with agentgauge.open(home) as gauge:
        for session, role in (("s-1", "interview"), ("s-2", NASTY)):
            used = TokenUsage(input_tokens=1000, output_tokens=200, cost_usd=0.04 if session == "s-1" else 0.5)
            MetricsCollector(session, gauge=gauge).record_from_result(
                AgentResult(usage=used, model="gpt-4o", provider="openai", duration_ms=1500),
                role,
                "work",
                ticket_id="PROJ-456",
            )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    _worked(tmp_path / "home")
    return tmp_path / "home"


def test_the_figures_alone_are_the_documents(document: Callable[..., Any], home: Path) -> None:
    exported = document("export", "pm", "--ticket", "PROJ-456", "--home", home)
    assert list(exported) == ["ticket_id", "session_id", "metrics", "by_agent_role", "timestamp"]
    assert exported["metrics"] == {
        "total_tokens": 2400,
        "total_cost_usd": 0.54,
        "total_duration_ms": 3000,
        "event_count": 2,
    }
    assert exported["session_id"] is None


def test_one_session_may_be_asked_for(document: Callable[..., Any], home: Path) -> None:
    exported = document("export", "pm", "--ticket", "PROJ-456", "--session", "s-1", "--home", home)
    assert (exported["session_id"], exported["metrics"]["total_cost_usd"]) == ("s-1", 0.04)


def test_linear_gets_a_mutation_with_its_variables(document: Callable[..., Any], home: Path) -> None:
    body = document("export", "pm", "--ticket", "PROJ-456", "--format", "linear", "--home", home)
    assert set(body) == {"query", "variables"}
    assert re.search(r"^mutation \w+\(\$input: CommentCreateInput!\)", body["query"])
    assert body["variables"]["input"].keys() == {"issueId", "body"}
    assert body["variables"]["input"]["issueId"] == "PROJ-456"
    assert "2 events, 2,400 tokens, $0.5400, 3.0 s" in body["variables"]["input"]["body"]


def test_plane_gets_html(document: Callable[..., Any], home: Path) -> None:
    body = document("export", "pm", "--ticket", "PROJ-456", "--format", "plane", "--home", home)
    assert body.keys() == {"comment_html", "external_source", "external_id"}
    assert (body["external_source"], body["external_id"]) == ("agentgauge", "PROJ-456")
    assert "<li><strong>interview</strong>: 1 event, 1,200 tokens, $0.0400, 1.5 s</li>" in body["comment_html"]


@pytest.mark.parametrize("form", ["plane", "linear"])
def test_a_comment_about_one_session_says_so(document: Callable[..., Any], home: Path, form: str) -> None:
    """And does not take the place of the one about the whole ticket."""
    asked = ("export", "pm", "--ticket", "PROJ-456", "--format", form, "--home", home)
    whole, part = document(*asked), document(*asked, "--session", "s-1")
    assert "in session" not in str(whole)
    assert re.search(r"Agent work on PROJ\\*-456 in session s\\*-1: 1 event", str(part))
    assert form == "linear" or part["external_id"] == "PROJ-456/s-1"


def test_how_to_send_it_is_said_beside_it(run: Run, home: Path) -> None:
    said = run("export", "pm", "--ticket", "PROJ-456", "--format", "linear", "--home", home)
    assert "api.linear.app/graphql" in said.stderr
    assert msgspec.json.decode(said.stdout)["variables"]
    assert run("export", "pm", "--ticket", "PROJ-456", "--format", "plane", "--json", "--home", home).stderr == ""


def test_it_can_go_to_a_file(run: Run, home: Path, tmp_path: Path) -> None:
    out = tmp_path / "comment.json"
    said = run("export", "pm", "--ticket", "PROJ-456", "--format", "plane", "--out", out, "--home", home)
    assert (said.exit_code, said.stdout) == (0, "")
    assert msgspec.json.decode(out.read_bytes())["external_id"] == "PROJ-456"


@pytest.mark.parametrize("out", ["nowhere/x.json", "."])
def test_a_file_that_cannot_be_written_is_named_as_it_was_given(run: Run, home: Path, tmp_path: Path, out: str) -> None:
    place = tmp_path / out
    said = run("export", "pm", "--ticket", "PROJ-456", "--out", place, "--home", home)
    assert said.exit_code == 2
    assert f"error: {place}: " in said.stderr
    assert ".tmp" not in said.stderr


def test_an_unknown_ticket_is_an_error_that_names_near_ones(run: Run, home: Path) -> None:
    said = run("export", "pm", "--ticket", "PROJ-457", "--home", home)
    assert (said.exit_code, said.stdout) == (2, "")
    assert said.stderr == "error: nothing is recorded for ticket 'PROJ-457': did you mean PROJ-456?\n"


def test_where_no_ticket_is_near_some_are_named(run: Run, home: Path) -> None:
    said = run("export", "pm", "--ticket", "zzz", "--home", home)
    assert said.stderr == "error: nothing is recorded for ticket 'zzz': there are PROJ-456\n"


def test_an_unknown_session_of_a_known_ticket_is_an_error(run: Run, home: Path) -> None:
    said = run("export", "pm", "--ticket", "PROJ-456", "--session", "s-9", "--home", home)
    assert said.exit_code == 2
    assert "session 's-9' did nothing for ticket 'PROJ-456'" in said.stderr


def test_an_empty_home_has_no_tickets(run: Run, tmp_path: Path) -> None:
    said = run("export", "pm", "--ticket", "PROJ-456", "--home", tmp_path / "new")
    assert said.exit_code == 2
    assert "no event here names a ticket" in said.stderr
    assert not (tmp_path / "new").exists()


def test_a_ticket_has_to_be_named(run: Run) -> None:
    assert run("export", "pm").exit_code == 2


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def _summary(**groups: dict[str, Any]) -> MetricsSummary:
    group = {"events": 1, "tokens": 2, "cost": 0.0, "unpriced_calls": 1, "duration_ms": 0}
    return MetricsSummary(
        total_events=1,
        total_tokens=2,
        total_cost=0.0,
        total_duration_ms=0,
        by_agent_role={NASTY: group, "": group, "r" * 500: group, **groups},
        by_operation={},
        unpriced_calls=3,
    )


def test_no_name_is_html() -> None:
    read = _Tags()
    read.feed(plane_comment(_summary(), NASTY)["comment_html"])
    assert set(read.tags) == {"p", "ul", "li", "strong"}
    assert "<script>alert(1)</script>" in read.text
    assert "\u202e" not in read.text
    assert max(len(word) for word in read.text.split()) <= 120
    assert "(none)" in read.text


def test_no_name_is_markdown() -> None:
    body = linear_comment(_summary(), NASTY)["variables"]["input"]["body"]
    lines = body.splitlines()
    assert (lines[0].startswith("Agent work on "), lines[1], len(lines)) == (True, "", 5)
    ours = body.replace("**", "").replace("\n- ", "\n")
    unescaped = re.sub(r"\\.", "", ours)
    assert not re.search(r"[\[\]<>`*#|@]", unescaped)
    assert "https:" not in ours


def test_what_has_no_price_is_said() -> None:
    priced = {"events": 1, "tokens": 2, "cost": 0.5, "unpriced_calls": 2, "duration_ms": 0}
    assert "$0.5000, 2 unpriced calls not included" in plane_comment(_summary(coding=priced), "A")["comment_html"]
    assert "cost unknown (1 unpriced call)" in linear_comment(_summary(), "A")["variables"]["input"]["body"]


def test_an_external_id_is_no_longer_than_plane_takes() -> None:
    assert len(plane_comment(_summary(), "x" * 1000)["external_id"]) == 255
