"""Rollouts of Codex: ~/.codex/sessions/YYYY/MM/DD/rollout-<time>-<id>.jsonl, from September 2025 on.

Every line is {timestamp, type, payload}. `session_meta` names the session, `turn_context` the model, `response_item`
what the model said and called, `event_msg` what happened; its `token_count` gives usage as totals of the whole
session.

- A call is a `token_count` whose totals grew; its usage is the growth. The same totals again are a repetition (rate
  limits are reported that way). Totals that shrank, or that begin above zero, started elsewhere: `last_token_usage`
  is then the call.
- `input_tokens` includes what was cached, `output_tokens` the reasoning: both as events want them. Codex states no
  cost.
- A call lasts from the last message to the model (prompt or tool result) before its first output to its token count.
- A turn goes from `task_started` to `task_complete` or `turn_aborted`, and by user messages alone where these are not
  written.
- A forked or spawned session begins with a copy of its parent's history, stamped when it was copied; what stands
  within a second of the first line is that copy, counts as the totals' starting point and as nothing else. A spawned
  session's turns are not a user's: it has calls but no tasks.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from agentgauge.events import Usage
from agentgauge.integrations.agent_logs import normalise
from agentgauge.integrations.agent_logs.codex_entries import (
    Entry,
    Payload,
    Thread,
    TokenReport,
    Totals,
    decode_entry,
    decode_payload,
    decode_thread,
    decode_token_report,
)
from agentgauge.integrations.agent_logs.lines import Line
from agentgauge.integrations.agent_logs.records import Call, Failure, ToolUse
from agentgauge.integrations.agent_logs.transcript import Transcript

AGENT = "codex"
_TYPES = frozenset({"session_meta", "turn_context", "event_msg", "response_item", "compacted"})
_COPIED_WITHIN = timedelta(seconds=1)
_CALLS = ("function_call", "custom_tool_call", "local_shell_call")
_RESULTS = ("function_call_output", "custom_tool_call_output", "local_shell_call_output")
_HOSTED_CALLS = {"web_search_call": "web_search", "image_generation_call": "image_generation"}
"""Tools that run at the provider: logged once, when done."""
_ABORTED = re.compile(r"\s*aborted\b|.{0,40}\bby user\b", re.IGNORECASE)
_EXIT_CODE = re.compile(r'(?:[Ee]xit code:?|exited with code|"exit_code":)\s*(-?\d+)')
_STATUS_WITHIN = 600
"""Characters of a tool's output that may hold its exit code; what follows is the tool's own text."""


def recognises(keys: dict[str, Any]) -> bool:
    """Whether a line with these keys is an entry of Codex."""
    return keys.get("type") in _TYPES and "payload" in keys


class Parser:
    """Reads the lines of one file into a transcript."""

    def __init__(self, transcript: Transcript) -> None:
        self._transcript = transcript
        self._thread = Thread()
        self._session = ""
        self._agent = AGENT
        self._model: str | None = None
        self._totals: Totals | None = None
        self._copied_until: datetime | None = None
        self._asked: datetime | None = None
        self._answer_to: datetime | None = None
        """When the model was asked for the output that is coming in."""

    def feed(self, line: Line) -> None:
        """Raises `msgspec.DecodeError` or `ValueError` with the reason where the line cannot be read."""
        entry = decode_entry(line.data)
        if entry.timestamp is None:
            raise ValueError("no timestamp")
        time = normalise.in_utc(entry.timestamp)
        self._transcript.saw(time)
        if entry.type == "session_meta":
            self._session_meta(entry, time)
            return
        self._session = self._session or normalise.digest(line.data)
        payload = decode_payload(entry.payload)
        if entry.type == "turn_context":
            self._model = payload.model or self._model
            self._transcript.in_session(self._session, time, normalise.project_of(payload.cwd))
            return
        if self._copied_until is not None:
            if time < self._copied_until:
                if payload.type == "token_count":
                    count = decode_token_report(entry.payload).info
                    self._totals = (count.total_token_usage if count else None) or self._totals
                return
            self._copied_until = None
        self._transcript.in_session(self._session, time)
        if entry.type == "event_msg":
            self._event(payload, entry, line, time)
        elif entry.type == "response_item":
            self._item(payload, line, time)

    def _session_meta(self, entry: Entry, time: datetime) -> None:
        thread = decode_thread(entry.payload)
        if thread.id is None or thread.id in (self._thread.id, *self._thread.ancestors):
            return
        self._thread, self._session, self._totals = thread, thread.id, None
        self._agent = thread.agent or AGENT
        self._copied_until = time + _COPIED_WITHIN if thread.ancestors or thread.is_spawned else None
        attributes = {"parent_session": thread.ancestors[0]} if thread.ancestors else None
        project = normalise.project_of(thread.cwd)
        self._transcript.in_session(self._session, time, project, attributes=attributes)

    def _event(self, payload: Payload, entry: Entry, line: Line, time: datetime) -> None:
        transcript, what = self._transcript, payload.type
        turn = transcript.turn_of(self._session)
        if what == "token_count":
            self._token_count(decode_token_report(entry.payload), line, time)
        elif what in ("user_message", "task_started", "turn_started"):
            self._begin_turn(payload, line, time)
        elif what in ("task_complete", "turn_complete") and turn is not None:
            transcript.answered(time, "success" if turn.outcome != "error" else "error", turn)
            turn.over = True
        elif what == "turn_aborted" and turn is not None:
            transcript.answered(time, "interrupted", turn)
            turn.over = True
        elif what == "agent_message":
            transcript.answered(time, "success", turn)
        elif what in ("error", "stream_error"):
            self._failure(payload, line, time, is_last=what == "error")

    def _begin_turn(self, payload: Payload, line: Line, time: datetime) -> None:
        self._asked = time
        if self._thread.is_spawned:
            return
        transcript, begun = self._transcript, self._transcript.turn_of(self._session)
        if payload.type == "user_message" and begun is not None and begun.is_explicit and not begun.over:
            return  # the prompt of the task that has started, or one that steers it
        own_id = normalise.unique(payload.turn_id) or normalise.digest(line.data)
        turn = transcript.begin_turn(transcript.identity("turn", self._session, own_id), self._session, time)
        turn.is_explicit = payload.type != "user_message"

    def _token_count(self, count: TokenReport, line: Line, time: datetime) -> None:
        info = count.info
        if info is None:
            return
        used = _growth(self._totals, info.total_token_usage, info.last_token_usage)
        self._totals = info.total_token_usage or self._totals
        if used is None or not (used.input_tokens or used.output_tokens):
            return
        self._model = info.model or self._model
        source_id = self._transcript.identity("call", self._session, normalise.digest(line.data))
        self._transcript.calls[source_id] = Call(
            source_id=source_id,
            session=self._session,
            agent=self._agent,
            turn=self._transcript.turn_of(self._session),
            started=self._answer_to or self._asked,
            ended=time,
            model=self._model,
            provider=self._thread.model_provider or "openai",
            usage=Usage(
                input_tokens=used.input_tokens,
                output_tokens=used.output_tokens,
                cache_read_tokens=min(used.cached_input_tokens, used.input_tokens),
                reasoning_tokens=min(used.reasoning_output_tokens, used.output_tokens),
            ),
        )
        if self._answer_to == self._asked:
            self._asked = None
        self._answer_to = None
        turn = self._transcript.turn_of(self._session)
        if turn is not None:
            self._transcript.answered(time, turn.outcome, turn)

    def _item(self, payload: Payload, line: Line, time: datetime) -> None:
        what = payload.type
        if what in _RESULTS:
            self._tool_result(payload, time)
            self._asked = time
            return
        if what == "message" and payload.role != "assistant":
            return
        if self._answer_to is None:
            self._answer_to = self._asked
        if what in _CALLS or what in _HOSTED_CALLS:
            self._tool_call(payload, line, time)
        elif what == "message":
            self._transcript.answered(time, "success", self._transcript.turn_of(self._session))

    def _tool_call(self, payload: Payload, line: Line, time: datetime) -> None:
        transcript = self._transcript
        is_hosted = payload.type in _HOSTED_CALLS
        source_id = self._tool_id(payload.call_id or normalise.digest(line.data))
        transcript.tools.setdefault(
            source_id,
            ToolUse(
                source_id=source_id,
                session=self._session,
                agent=self._agent,
                turn=transcript.turn_of(self._session),
                name=payload.name or _HOSTED_CALLS.get(payload.type, "local_shell"),
                called=time,
                outcome=("failure" if payload.status == "failed" else "success") if is_hosted else None,
            ),
        )
        transcript.answered(time, "interrupted", transcript.turn_of(self._session))

    def _tool_result(self, payload: Payload, time: datetime) -> None:
        tool = self._transcript.tools.get(self._tool_id(payload.call_id or ""))
        if tool is None or tool.outcome is not None:
            return
        tool.returned, tool.outcome = time, _tool_outcome(payload)
        self._transcript.answered(time, "interrupted", tool.turn)

    def _tool_id(self, call_id: str) -> str:
        return self._transcript.identity("tool", self._session, call_id)

    def _failure(self, payload: Payload, line: Line, time: datetime, *, is_last: bool) -> None:
        turn = self._transcript.turn_of(self._session)
        source_id = self._transcript.identity("error", self._session, normalise.digest(line.data))
        self._transcript.failures[source_id] = Failure(
            source_id=source_id,
            session=self._session,
            agent=self._agent,
            turn=turn,
            time=time,
            error_type=payload.error_word or normalise.error_type(payload.message_text),
        )
        if is_last:
            self._transcript.answered(time, "error", turn)


def _growth(before: Totals | None, total: Totals | None, last: Totals | None) -> Totals | None:
    """Usage of the call that a token count tells of; None where it tells of none."""
    if total is None:
        return last
    if before is None:
        return last or total
    if total == before:
        return None
    growth = total.minus(before)
    return growth or last or total


def _tool_outcome(payload: Payload) -> str:
    """From the output's own flag, else from the exit code at its beginning; success where neither says otherwise."""
    success, text = payload.output_flag_and_text
    if success is not None:
        return "success" if success else "failure"
    head = text[:_STATUS_WITHIN]
    if _ABORTED.match(head):
        return "interrupted"
    code = _EXIT_CODE.search(head)
    return "failure" if code is not None and int(code[1]) != 0 else "success"
