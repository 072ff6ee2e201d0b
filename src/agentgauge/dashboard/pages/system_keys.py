"""Keys and the audit log, on `/system`: for administrators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from agentgauge.dashboard.content import Content, Own
from agentgauge.dashboard.page import PageAsked
from agentgauge.dashboard.pages.system_acts import CREATE_KEY, REVOKE_KEY
from agentgauge.dashboard.table import Column, Row, Table
from agentgauge.service.security.keys import SCOPES, ShownKey, shown
from agentgauge.state.audit import Act

_ACTS_SHOWN = 25
_TONES: dict[str, Literal["good", "warn", "bad"]] = {"in use": "good", "expired": "warn", "revoked": "bad"}


def keys(asked: PageAsked) -> Iterator[Content]:
    found = tuple(shown(key, asked.now) for key in asked.runtime.gate.keys.all())
    rows = tuple(map(_key, found))
    columns = (
        Column(key="prefix", title="Key", kind="name"),
        Column(key="name", title="Whose"),
        Column(key="scopes", title="Scopes"),
        Column(key="projects", title="Projects"),
        Column(key="created", title="Made", kind="time"),
        Column(key="expires", title="Expires", kind="time"),
        Column(key="used", title="Last used", kind="time"),
        Column(key="state", title="State", kind="status"),
    )
    table = Table(columns=columns, rows=rows, caption="Keys, without their secrets")
    values = {"keys": found, "rows": rows, "create": CREATE_KEY, "revoke": REVOKE_KEY, "scopes": SCOPES}
    yield Own(template="system/keys.html", values=values, table=table if rows else None)


def _key(key: ShownKey) -> Row:
    state = "revoked" if key.revoked is not None else "in use" if key.valid else "expired"
    return Row(
        values={
            "prefix": key.prefix, "name": key.name, "scopes": ", ".join(key.scopes),
            "projects": "all" if key.projects is None else ", ".join(key.projects), "created": key.created,
            "expires": key.expires, "used": key.last_used, "state": state,
        },
        tones={"state": _TONES[state]},
    )  # fmt: skip


def audit(asked: PageAsked) -> Content:
    before: int | None = getattr(asked.filters, "before", None)
    found = asked.runtime.audit.log.acts(limit=_ACTS_SHOWN + 1, before=before)
    acts = found[:_ACTS_SHOWN]
    columns = (
        Column(key="act", title="What", kind="name", sorts=False),
        Column(key="subject", title="To what", sorts=False),
        Column(key="actor", title="Who", sorts=False),
        Column(key="project", title="Project", sorts=False, narrow=False),
        Column(key="time", title="When", kind="time", sorts=False),
        Column(key="detail", title="Detail", sorts=False, narrow=False, wraps=True),
    )
    more = f"{asked.here(before=acts[-1].id)}#audit" if len(found) > _ACTS_SHOWN else None
    return Table(
        columns=columns, rows=tuple(map(_act, acts)), caption="What was done, the newest first", more=more,
        empty="Nobody changed anything yet.",
    )  # fmt: skip


def _act(act: Act) -> Row:
    detail = {name: value for name, value in act.detail.items() if name != "request" and value is not None}
    return Row(
        values={
            "act": act.act, "subject": act.subject, "actor": act.actor, "project": act.project, "time": act.time,
            "detail": "; ".join(f"{name}: {_said(value)}" for name, value in detail.items()),
        }
    )  # fmt: skip


def _said(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
