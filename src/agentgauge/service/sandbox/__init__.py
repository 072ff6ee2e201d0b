"""SQL of others, in a process of its own that can reach the lake's data files and nothing else.

    ask_apart(settings, "SELECT ...", limit=1000, seconds=30)

The process has a snapshot to itself. Before the statement is read, DuckDB is told which files there are for it, the
ones behind the views, and that this cannot be changed; no extension can be loaded, nothing is written, and Python's
variables are out of sight. Time, memory, rows and the size of the answer are limited, and a statement that ends its
process ends nothing else.

Costs the start of a process, a second or two, and reading the journal's tail. What it cannot hide: all projects are in
one lake, so it is for those who may see all of them.
"""

from agentgauge.service.sandbox.apart import ask_apart
from agentgauge.service.sandbox.limits import SqlAnswer

__all__ = ["SqlAnswer", "ask_apart"]
