-- How often each topic changed, for keys of caches, and what was done by whom.

CREATE TABLE changes (
    topic TEXT NOT NULL PRIMARY KEY,
    count BIGINT NOT NULL
);

CREATE TABLE audit_log (
    id BIGINT NOT NULL PRIMARY KEY,
    done_at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    act TEXT NOT NULL,
    subject TEXT NOT NULL,
    project TEXT NOT NULL,
    detail TEXT NOT NULL
);

CREATE INDEX audit_log_subject ON audit_log (subject);
