"""Names of the marks that the vocabularies write: where runs, issues, sessions and tickets begin and end.

The mark of an end carries outcome and duration. A start without its end is how a reader knows that something was cut
off: what is timed by one event alone (an operation, a model call) needs no start.
"""

from __future__ import annotations

RUN_START, RUN_END = "run_start", "run_end"
ISSUE_START, ISSUE_END = "issue_start", "issue_end"
SESSION_START, SESSION_END = "session_start", "session_end"
TICKET_START, TICKET_END = "ticket_start", "ticket_end"

AGENT_START = "agent_start"
"""Its end is the `task` with the same `span_id`."""
TOOL_START = "tool_start"
"""Its end is the `tool_call` with the same `span_id`."""
DEBUGGING_START = "debugging_start"
"""Its end is the `debugging_cycle` with the same `span_id`."""

CHANGE_MERGED = "change_merged"
"""A change of code was merged, for the issue, run or session that it names. Its attribute `change` is the change's id
(a merge request's, a pull request's, a commit's); a change that is recorded twice is one."""

BUDGET_UNCHECKED = "budget.unchecked"
"""Calls went on although their budget could not be checked. Attributes: `budget`, `reason`, and `calls`, how many."""
