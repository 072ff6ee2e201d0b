"""What a ticket used, as comments that tools for project management take.

    Plane    HTML, in the body of
             POST https://api.plane.so/api/v1/workspaces/{slug}/projects/{project}/work-items/{work item}/comments/
             (developers.plane.so/api-reference/issue-comment/add-issue-comment, API v1, looked up 2026-11-21)
             A second one with its `external_id` is answered with 409 and the `id` of the first, which
             PATCH .../comments/{id}/ with the same body brings up to date
             (IssueCommentListCreateAPIEndpoint in makeplane/plane, apps/api/plane/api/views/issue.py)
    Linear   Markdown, in the variables of the mutation `commentCreate`, the body of
             POST https://api.linear.app/graphql
             (public GraphQL schema, where `issueId` is a UUID or an identifier such as LIN-123, looked up 2026-11-21)

Names of roles and tickets come from whoever recorded: they are escaped, so that none is a tag, a link, a mention or a
cell of its own. Linear does not tell a comment from an earlier one: who posts twice has two.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable
from typing import Any

from agentgauge.sessions import MetricsSummary

LINEAR_MUTATION = (
    "mutation CommentCreate($input: CommentCreateInput!) { commentCreate(input: $input) { success comment { id } } }"
)
_SOURCE = "agentgauge"
_LONGEST_NAME = 80
_LONGEST_EXTERNAL_ID = 255
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def plane_comment(summary: MetricsSummary, ticket_id: str, session_id: str | None = None) -> dict[str, Any]:
    """The body that Plane's endpoint for comments takes. `session_id` is named where only that one is summed up."""
    subject = ticket_id if session_id is None else f"{ticket_id}/{session_id}"
    items = "".join(f"<li><strong>{_in_html(role)}</strong>: {_spent(group)}</li>" for role, group in _roles(summary))
    return {
        "comment_html": f"<p>{_about(ticket_id, session_id, _in_html)}: {_total(summary)}</p><ul>{items}</ul>",
        "external_source": _SOURCE,
        "external_id": subject[:_LONGEST_EXTERNAL_ID],
    }


def linear_comment(summary: MetricsSummary, ticket_id: str, session_id: str | None = None) -> dict[str, Any]:
    """The body that Linear's GraphQL endpoint takes; `ticket_id` is the issue's identifier, or its UUID.

    `session_id` is named where only that one is summed up.
    """
    items = "".join(f"\n- **{_in_markdown(role)}**: {_spent(group)}" for role, group in _roles(summary))
    return {
        "query": LINEAR_MUTATION,
        "variables": {
            "input": {
                "issueId": ticket_id,
                "body": f"{_about(ticket_id, session_id, _in_markdown)}: {_total(summary)}\n{items}",
            }
        },
    }


def _about(ticket_id: str, session_id: str | None, escaped: Callable[[str], str]) -> str:
    session = "" if session_id is None else f" in session {escaped(session_id)}"
    return f"Agent work on {escaped(ticket_id)}{session}"


def _roles(summary: MetricsSummary) -> list[tuple[str, dict[str, Any]]]:
    """The dearest first."""
    return sorted(summary.by_agent_role.items(), key=lambda item: (-item[1]["cost"], -item[1]["tokens"], item[0]))


def _total(summary: MetricsSummary) -> str:
    group = {
        "events": summary.total_events,
        "tokens": summary.total_tokens,
        "cost": summary.total_cost,
        "unpriced_calls": summary.unpriced_calls,
        "duration_ms": summary.total_duration_ms,
    }
    return _spent(group)


def _spent(group: dict[str, Any]) -> str:
    """Digits and our own words only: needs no escaping in HTML, nor in Markdown."""
    events, tokens, unpriced = group["events"], group["tokens"], group["unpriced_calls"]
    parts = [
        f"{events:,} {'event' if events == 1 else 'events'}",
        f"{tokens:,} {'token' if tokens == 1 else 'tokens'}",
    ]
    calls = f"{unpriced:,} unpriced {'call' if unpriced == 1 else 'calls'}"
    if unpriced and not group["cost"]:
        parts.append(f"cost unknown ({calls})")
    else:
        parts += [f"${group['cost']:,.4f}", *([f"{calls} not included"] if unpriced else [])]
    parts.append(f"{group['duration_ms'] / 1000:,.1f} s")
    return ", ".join(parts)


def _in_html(name: str) -> str:
    return html.escape(_one_line(name))


def _in_markdown(name: str) -> str:
    """Any ASCII punctuation may be escaped: CommonMark 0.31, section 2.4."""
    return _PUNCTUATION.sub(r"\\\1", _one_line(name))


def _one_line(name: str) -> str:
    """Without line breaks, and characters that control how others are shown."""
    text = " ".join("".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in name).split())
    if len(text) > _LONGEST_NAME:
        text = f"{text[: _LONGEST_NAME - 1]}…"
    return text or "(none)"
