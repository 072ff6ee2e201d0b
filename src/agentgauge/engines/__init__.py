"""Engines: typed questions about events, and what answers them.

`DuckDBEngine` is in `agentgauge.engines.duckdb`: asking for it imports DuckDB, making a `Query` does not.
"""

from agentgauge.engines.answer import Answer, Engine
from agentgauge.engines.query import Filter, Measure, Page, Query, TimeBucket

__all__ = ["Answer", "Engine", "Filter", "Measure", "Page", "Query", "TimeBucket"]
