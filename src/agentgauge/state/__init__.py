"""State: what changes in place. A store (`store.Store`) holds the tables, and a repository is what one topic knows.

Database, sql.SqlStore            the stores: the file of a home, or what a server uses; `opening` chooses
schema, upgrading                 the tables, from `migrations/*.sql`
agents, aggregations, alerts, alert_rules, audit, budgets, job_runs, keys, leases, recommendations     the repositories
changes                           what tells caches that something changed
models                            the same tables for SQLAlchemy's ORM
"""

from agentgauge.state.database import Database, state_of

__all__ = ["Database", "state_of"]
