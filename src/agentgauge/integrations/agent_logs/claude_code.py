"""Sessions of Claude Code: the files under ~/.claude/projects, and what `claude -p --output-format stream-json`
printed.

- A call is a message id with its request id; entries that repeat it add their blocks, and the last usage stands. A
  subagent's copy of a message of the session itself is not a call (side questions replay the conversation so far
  under new request ids).
- `usage.input_tokens` leaves out what came from or went to a cache: the three are added.
- `costUSD` (versions before 1.0.9, and some exports) is taken as reported. A `result`'s `total_cost_usd` is for all
  calls together and belongs to none: it is kept in the task's attributes.
- The log gives no beginning of an answer. A call lasts from the message before it (the prompt or the last tool
  result) to its last entry, unknown where an answer follows an answer.
- An entry without a time takes that of the one before; in a log without any, the file's modification time stands for
  all and no duration is known but the one that `result` states.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from agentgauge.integrations.agent_logs import normalise
from agentgauge.integrations.agent_logs.claude_code_entries import (
    Block,
    Entry,
    LoggedUsage,
    Message,
    ToolDetails,
    decode_entry,
    decode_message,
    decode_tool_result,
    meaning,
)
from agentgauge.integrations.agent_logs.lines import Line, numbered_lines
from agentgauge.integrations.agent_logs.normalise import decoded_or_none
from agentgauge.integrations.agent_logs.records import Call, Failure, ToolUse, Turn
from agentgauge.integrations.agent_logs.subagents import (
    LAUNCHING_TOOLS,
    Lane,
    Launches,
    lane_of,
    noted_beside,
    session_files,
)
from agentgauge.integrations.agent_logs.transcript import Transcript

AGENT = "claude-code"
_TYPES = ("user", "assistant", "result", "summary", "system", "file-history-snapshot")
_SYNTHETIC_MODEL = "<synthetic>"
_PROVIDERS = (("msg_bdrk_", "aws"), ("msg_vrtx_", "google"))
_STOPPED_SHORT = ("max_tokens", "refusal", "model_context_window_exceeded")


def recognises(keys: dict[str, Any]) -> bool:
    """Whether a line with these keys is an entry of Claude Code."""
    if "payload" in keys:
        return False
    named = not keys.keys().isdisjoint(("sessionId", "session_id", "uuid", "leafUuid"))
    if keys.get("type") in _TYPES:
        return True
    return named and ("message" in keys or keys.get("type") is not None)


class Parser:
    """Reads the lines of one file into a transcript."""

    def __init__(self, transcript: Transcript, path: Path) -> None:
        self.launches = Launches()
        self.own_messages: set[str] = set()
        """Ids of the messages that are the session's own, not a subagent's."""
        self.turn_of_prompt: dict[str, Turn] = {}
        """By the prompt id that a turn's entries carry, those of its subagents included."""
        self._transcript = transcript
        self._path = path
        self._session: str | None = None
        self._lanes: dict[str, Lane] = {}
        self._lane_of_entry: dict[str, Lane] = {}
        self._starts = 0

    def feed(self, line: Line) -> None:
        """Raises `msgspec.DecodeError` or `ValueError` with the reason where the line cannot be read."""
        entry = decode_entry(line.data)
        role = entry.type
        message = Message()
        if role in ("user", "assistant", None):
            message = decode_message(entry.message)
            role = role or message.role
        if role not in ("user", "assistant", "system", "result"):
            return
        session = self._session = entry.session or self._session or normalise.digest(line.data)
        time = self._time(entry)
        self._transcript.saw(time)
        is_own = not entry.is_sidechain and entry.parent_tool_use_id is None
        self._transcript.in_session(session, time, normalise.project_of(entry.cwd), starts=is_own)
        if role == "system":
            self._system(entry, line, session, time)
        elif role == "result":
            self._result(entry, session)
        elif role == "user":
            self._user(entry, message, line, session, time)
        else:
            self._assistant(entry, message, line, session, time)

    def _time(self, entry: Entry) -> datetime:
        if entry.timestamp is not None:
            return normalise.in_utc(entry.timestamp)
        return self._transcript.latest or datetime.fromtimestamp(self._path.stat().st_mtime, UTC)

    def _system(self, entry: Entry, line: Line, session: str, time: datetime) -> None:
        if entry.subtype == "init":  # stream-json does not repeat the prompt: the run's start stands for it
            self._starts += 1
            own_id = normalise.unique(entry.uuid) or f"{session}:{normalise.digest(line.data)}:{self._starts}"
            turn = self._transcript.begin_turn(self._transcript.identity("turn", own_id), session, time)
            turn.has_times = entry.timestamp is not None
        elif entry.subtype == "api_error":
            self._failure(entry, line, session, time, normalise.error_type(bytes(entry.error).decode()))

    def _result(self, entry: Entry, session: str) -> None:
        turn = self._transcript.turn_of(session)
        if turn is None:
            return
        turn.over = True
        turn.stated_duration_ms = entry.duration_ms
        if entry.is_error or (entry.subtype or "").startswith("error"):
            turn.outcome = "failure"
        elif entry.subtype == "success":
            turn.outcome = "success"
        cost = normalise.reported_cost(entry.total_cost_usd)
        if cost is not None:
            turn.attributes = {"stated_cost_usd": f"{cost.normalize():f}"}
            self._transcript.state_cost(turn, cost)

    def _user(self, entry: Entry, message: Message, line: Line, session: str, time: datetime) -> None:
        blocks = message.blocks
        lane = self._lane(entry, session, blocks)
        what = meaning(entry, blocks)
        if what == "results":
            for block in blocks:
                if block.type == "tool_result" and block.tool_use_id:
                    self._tool_result(entry, block, session, time)
        elif what == "interruption" and lane is self._lanes.get(session):
            self._transcript.answered(time, "interrupted", lane.turn)
        elif what in ("prompt", "command") and lane is self._lanes.get(session):
            self._prompt(entry, line, session, time, is_command=what == "command")
        if what != "note":
            lane.asked = time if entry.timestamp is not None else None

    def _prompt(self, entry: Entry, line: Line, session: str, time: datetime, *, is_command: bool) -> None:
        transcript = self._transcript
        begun = transcript.turn_of(session)
        if self._starts and begun is not None and begun.ended is None and not begun.over:
            return  # the prompt of the run that `init` began
        own_id = self._own_id(entry.uuid, session) or normalise.digest(line.data)
        turn = transcript.begin_turn(transcript.identity("turn", own_id), session, time, is_command=is_command)
        turn.has_times = entry.timestamp is not None
        if entry.prompt_id is not None:
            self.turn_of_prompt[entry.prompt_id] = turn

    def _assistant(self, entry: Entry, message: Message, line: Line, session: str, time: datetime) -> None:
        lane = self._lane(entry, session, message.blocks)
        is_own = lane is self._lanes.get(session)
        if is_own:
            lane.turn = self._transcript.turn_of(session)
        if entry.is_api_error_message:
            text = " ".join(block.text for block in message.blocks)
            self._failure(entry, line, session, time, normalise.error_type(text))
            if is_own:
                self._transcript.answered(time, "error", lane.turn)
            return
        if message.model == _SYNTHETIC_MODEL:  # the program's own words, which no model was paid for
            return
        if message.usage is not None:
            self._call(entry, message, message.usage, line, session, time, lane, is_own=is_own)
        for block in message.blocks:
            if block.type == "tool_use" and block.name:
                self._tool_use(block, line, session, time, lane)
        if is_own:
            self._transcript.answered(time, _outcome_so_far(message), lane.turn)

    def _call(
        self,
        entry: Entry,
        message: Message,
        usage: LoggedUsage,
        line: Line,
        session: str,
        time: datetime,
        lane: Lane,
        *,
        is_own: bool,
    ) -> None:
        calls = self._transcript.calls
        if message.id is not None:
            if is_own:
                self.own_messages.add(message.id)
            elif message.id in self.own_messages:
                return
            own_id = f"{self._own_id(message.id, session)}:{entry.request_id or ''}"
        else:
            own_id = self._own_id(entry.uuid, session) or normalise.digest(line.data)
        source_id = self._transcript.identity("call", own_id)
        call = calls.get(source_id)
        if call is None:
            call = calls[source_id] = Call(
                source_id=source_id,
                session=session,
                agent=lane.agent,
                turn=lane.turn,
                started=lane.asked,
                ended=time,
                model=message.model,
                provider=_provider(message),
                usage=usage.normalised(),
            )
            lane.asked = None
        call.ended = max(call.ended, time)
        call.usage, call.tier, call.attributes = usage.normalised(), usage.tier, usage.attributes
        call.cost_usd = normalise.reported_cost(entry.cost_usd) or call.cost_usd
        call.final = message.stop_reason is not None

    def _tool_use(self, block: Block, line: Line, session: str, time: datetime, lane: Lane) -> None:
        call_id = self._own_id(block.id, session) or normalise.digest(line.data)
        source_id = self._transcript.identity("tool", call_id)
        tools = self._transcript.tools
        if source_id in tools:
            return
        name = block.name or "unknown"
        tool = tools[source_id] = ToolUse(
            source_id=source_id, session=session, agent=lane.agent, turn=lane.turn, name=name, called=time
        )
        if name in LAUNCHING_TOOLS and block.id is not None:
            self.launches.called(block.id, block, tool)

    def _tool_result(self, entry: Entry, block: Block, session: str, time: datetime) -> None:
        own_id = self._own_id(block.tool_use_id, session) or ""
        tool = self._transcript.tools.get(self._transcript.identity("tool", own_id))
        if tool is None or tool.outcome is not None:
            return
        details = decoded_or_none(decode_tool_result, entry.tool_use_result) or ToolDetails()
        tool.outcome = "interrupted" if details.interrupted else "failure" if block.is_error else "success"
        tool.returned = time if entry.timestamp is not None else None
        self.launches.returned(block.tool_use_id or "", details)
        if tool.agent == AGENT:
            self._transcript.answered(time, "interrupted", tool.turn)

    def _failure(self, entry: Entry, line: Line, session: str, time: datetime, error_type: str) -> None:
        lane = self._lane(entry, session, [])
        source_id = self._transcript.identity("error", self._own_id(entry.uuid, session) or normalise.digest(line.data))
        self._transcript.failures[source_id] = Failure(
            source_id=source_id, session=session, agent=lane.agent, turn=lane.turn, time=time, error_type=error_type
        )

    def _lane(self, entry: Entry, session: str, blocks: list[Block]) -> Lane:
        """The line of conversation that an entry belongs to."""
        if entry.parent_tool_use_id is not None:
            launch = self.launches.of_call(entry.parent_tool_use_id)
            return self._lanes.setdefault(entry.parent_tool_use_id, lane_of(launch))
        if not entry.is_sidechain:
            lane = self._lanes.setdefault(session, Lane(AGENT, None))
            lane.turn = self._transcript.turn_of(session)
            return lane
        known = self._lanes.get(entry.agent_id or "") or self._lane_of_entry.get(entry.parent_uuid or "")
        if known is None:
            known = self._new_lane(entry, blocks)
            if entry.agent_id is not None:
                self._lanes[entry.agent_id] = known
        if entry.uuid is not None:
            self._lane_of_entry[entry.uuid] = known
        return known

    def _new_lane(self, entry: Entry, blocks: list[Block]) -> Lane:
        inline = self.launches.of_prompt(next((block.text for block in blocks if block.type == "text"), ""))
        if inline is not None:
            return lane_of(inline)
        agent, call_id = noted_beside(self._path)
        for file in session_files(self._path, entry):
            if file.is_file() and file != self._path:
                status = file.stat()
                session = _session_file(file, status.st_size, status.st_mtime_ns)
                self.own_messages |= session.own_messages
                launch = session.launches.of_call(call_id) or session.launches.of_agent(entry.agent_id)
                return lane_of(launch, agent, session.turn_of_prompt.get(entry.prompt_id or ""))
        return lane_of(None, agent)

    @staticmethod
    def _own_id(identity: str | None, session: str) -> str | None:
        """An id as it stands where it is one of a kind, else within its session."""
        return None if identity is None else normalise.unique(identity) or f"{session}:{identity}"


@lru_cache(maxsize=4)
def _session_file(path: Path, size: int, mtime_ns: int) -> Parser:
    """The session's own file, read for what its subagents' files refer to.

    Size and time make a changed file another one.
    """
    parser = Parser(Transcript(AGENT), path)
    for line in numbered_lines(path):
        try:
            parser.feed(line)
        except (msgspec.DecodeError, ValueError, OverflowError, RecursionError):
            continue  # counted and named where the session's file itself is imported
    return parser


def _outcome_so_far(message: Message) -> str:
    """How the turn would have gone if this entry were its last."""
    if message.stop_reason in _STOPPED_SHORT:
        return "failure"
    blocks = message.blocks
    has_answered = bool(blocks) and blocks[-1].type == "text" and message.stop_reason != "tool_use"
    return "success" if has_answered else "interrupted"


def _provider(message: Message) -> str | None:
    """Who was paid; None for models of others behind a gateway."""
    for prefix, provider in _PROVIDERS:
        if (message.id or "").startswith(prefix):
            return provider
    return "anthropic" if "claude" in (message.model or "") else None
