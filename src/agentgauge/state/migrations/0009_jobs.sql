-- Who of several servers does what only one may do, and what the jobs did.

CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    term BIGINT NOT NULL,
    until_at BIGINT NOT NULL
);

CREATE TABLE job_runs (
    id BIGINT NOT NULL PRIMARY KEY,
    job TEXT NOT NULL,
    scheduled_at BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT,
    status TEXT NOT NULL CHECK (status IN ('running', 'succeeded', 'failed', 'abandoned')),
    holder TEXT NOT NULL,
    result TEXT NOT NULL,
    error TEXT NOT NULL
);

CREATE INDEX job_runs_job ON job_runs (job, scheduled_at);
