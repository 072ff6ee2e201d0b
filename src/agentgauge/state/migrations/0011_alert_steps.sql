-- What happened to an alert, step by step; what is counted of its condition; and rules that were made over HTTP.
--
-- `told_at` is when somebody was last to be told of the alert; `clear_at` when its condition was found to be over, and
-- null while it holds, also where a person resolved the alert meanwhile; `clear_count` how many evaluations in a row
-- have found it over, `clear_hour` the end of the hour that the last of them was about.

ALTER TABLE performance_alerts ADD COLUMN rule TEXT NOT NULL DEFAULT '';

ALTER TABLE performance_alerts ADD COLUMN told_at BIGINT;

ALTER TABLE performance_alerts ADD COLUMN clear_at BIGINT;

ALTER TABLE performance_alerts ADD COLUMN clear_count BIGINT NOT NULL DEFAULT 0;

ALTER TABLE performance_alerts ADD COLUMN clear_hour BIGINT;

UPDATE performance_alerts SET rule = type, told_at = detected_at, clear_at = resolved_at;

CREATE UNIQUE INDEX performance_alerts_standing ON performance_alerts (condition) WHERE clear_at IS NULL;

CREATE INDEX performance_alerts_rule ON performance_alerts (rule) WHERE clear_at IS NULL;

CREATE TABLE alert_steps (
    id BIGINT NOT NULL PRIMARY KEY,
    alert_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN (
        'opened', 'escalated', 'reminded', 'acknowledged', 'resolved', 'reopened', 'undone', 'quieted'
    )),
    taken_at BIGINT NOT NULL,
    actor TEXT,
    status TEXT NOT NULL,
    severity TEXT NOT NULL,
    figures TEXT NOT NULL
);

CREATE INDEX alert_steps_alert ON alert_steps (alert_id, id);

CREATE TABLE alert_rules (
    name TEXT NOT NULL PRIMARY KEY,
    project TEXT NOT NULL,
    terms TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by TEXT NOT NULL,
    version BIGINT NOT NULL
);
