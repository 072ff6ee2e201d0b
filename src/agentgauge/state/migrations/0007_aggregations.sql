-- Figures of past periods, computed once: of everything together, of a project, of an agent or of a role, each in a
-- project or in all ('').

CREATE TABLE metrics_aggregations (
    granularity TEXT NOT NULL CHECK (granularity IN ('hour', 'day', 'week', 'month')),
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    project TEXT NOT NULL,
    agent TEXT NOT NULL,
    role TEXT NOT NULL,
    operation_type TEXT NOT NULL,
    metric TEXT NOT NULL,
    count BIGINT NOT NULL,
    total TEXT,
    mean DOUBLE PRECISION,
    median DOUBLE PRECISION,
    p75 DOUBLE PRECISION,
    p90 DOUBLE PRECISION,
    p95 DOUBLE PRECISION,
    p99 DOUBLE PRECISION,
    std_dev DOUBLE PRECISION,
    minimum DOUBLE PRECISION,
    maximum DOUBLE PRECISION,
    computed_at BIGINT NOT NULL,
    PRIMARY KEY (granularity, starts_at, project, agent, role, operation_type, metric)
);

CREATE INDEX metrics_aggregations_timestamp ON metrics_aggregations (starts_at);

CREATE INDEX metrics_aggregations_agent ON metrics_aggregations (agent);

CREATE INDEX metrics_aggregations_role ON metrics_aggregations (role);

CREATE INDEX metrics_aggregations_operation_type ON metrics_aggregations (operation_type);
