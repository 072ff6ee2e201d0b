"""Who is told of alerts, and what they were told lately: for administrators, as the API has it."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Literal

from agentgauge.dashboard.content import Content, Empty, Sentence
from agentgauge.dashboard.page import PageAsked
from agentgauge.dashboard.table import Column, Row, Table
from agentgauge.errors import SettingsError
from agentgauge.service.alert_wording import step_words
from agentgauge.service.notifying.standing import ChannelStanding, problems, report_problems, standings
from agentgauge.settings.notifying import get_notifying_settings
from agentgauge.state.notifications import Outbox, State

_SHOWN = 20
_TRY = "agentgauge alerts test-notification"
_TONES: dict[State, Literal["good", "warn", "bad"]] = {"sent": "good", "pending": "warn", "failed": "bad"}


def channels(asked: PageAsked) -> Iterator[Content]:
    try:
        settings = get_notifying_settings(asked.runtime.settings.recording.home)
    except SettingsError as error:
        yield Sentence(text=str(error), tone="bad")
        return
    found = standings(settings, asked.runtime.state)
    if not found:
        yield Empty(
            text="Nobody is told of alerts: name a channel in alerts.toml of the server's home, then try it:",
            command=_TRY,
        )
        return
    of_reports = report_problems(settings, asked.runtime.state)
    for problem in (*problems(found), *of_reports.values()):
        yield Sentence(text=f"{problem[:1].upper()}{problem[1:]}", tone="bad")
    columns = (
        Column(key="channel", title="Channel", kind="name"),
        Column(key="url", title="To", narrow=False),
        Column(key="severities", title="Severities", sorts=False, narrow=False),
        Column(key="state", title="State", kind="status"),
        Column(key="last", title="Last told", kind="time"),
        Column(key="sent", title="Told", kind="count"),
        Column(key="pending", title="Waiting", kind="count"),
        Column(key="failed", title="Given up", kind="count"),
    )
    yield Table(
        columns=columns,
        rows=tuple(_channel(one, of_reports) for one in found),
        caption="Channels that are told of alerts",
    )


def _channel(channel: ChannelStanding, of_reports: Container[str]) -> Row:
    troubled = channel.last_error is not None or channel.name in of_reports
    return Row(
        values={
            "channel": channel.name, "url": channel.url, "severities": ", ".join(channel.severities) or "all",
            "state": "in trouble" if troubled else "in order", "last": channel.last_sent, "sent": channel.sent,
            "pending": channel.pending, "failed": channel.failed,
        },
        tones={"state": "bad" if troubled else "good"},
    )  # fmt: skip


def told(asked: PageAsked) -> Content:
    found = Outbox(asked.runtime.state).notifications(limit=_SHOWN)
    columns = (
        Column(key="alert", title="Alert", kind="name"),
        Column(key="step", title="Of what", sorts=False),
        Column(key="channel", title="Channel"),
        Column(key="state", title="State", kind="status"),
        Column(key="made", title="Since", kind="time"),
        Column(key="sent", title="Sent", kind="time"),
        Column(key="attempts", title="Attempts", kind="count", narrow=False),
        Column(key="error", title="What was wrong", sorts=False, narrow=False),
    )
    rows = tuple(
        Row(
            values={
                "alert": str(one.alert_id), "step": step_words(one.step), "channel": one.channel,
                "state": one.state, "made": one.made, "sent": one.sent, "attempts": one.attempts, "error": one.error,
            },
            links={"alert": asked.link(f"/alerts/{one.alert_id}")},
            tones={"state": _TONES[one.state]},
        )
        for one in found
    )  # fmt: skip
    return Table(columns=columns, rows=rows, caption="What channels were told", empty="No channel was told anything.")
