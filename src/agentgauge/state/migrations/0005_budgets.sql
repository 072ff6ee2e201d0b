-- What may be spent, by whom, in which period. What was spent is counted from events; `used_usd` is what that was at
-- `used_at`, for who reads this table alone.

CREATE TABLE budget_allocations (
    id BIGINT NOT NULL PRIMARY KEY,
    scope TEXT NOT NULL
        CHECK (scope IN ('agent', 'role', 'project', 'team', 'user', 'ticket', 'run', 'session')),
    name TEXT NOT NULL,
    project TEXT NOT NULL,
    period TEXT NOT NULL CHECK (period IN ('total', 'day', 'week', 'month')),
    total_usd TEXT NOT NULL,
    used_usd TEXT NOT NULL,
    used_at BIGINT,
    warning_percent DOUBLE PRECISION NOT NULL,
    critical_percent DOUBLE PRECISION NOT NULL,
    starts_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    UNIQUE (scope, name, project, period)
);
