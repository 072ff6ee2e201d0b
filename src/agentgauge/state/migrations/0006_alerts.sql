-- Alerts. Of one condition, such as one budget being overrun, one is open at a time.

CREATE TABLE performance_alerts (
    id BIGINT NOT NULL PRIMARY KEY,
    condition TEXT NOT NULL,
    project TEXT NOT NULL,
    agent_name TEXT,
    type TEXT NOT NULL,
    severity TEXT NOT NULL CHECK (severity IN ('critical', 'error', 'warning', 'info')),
    metric TEXT NOT NULL,
    current_value DOUBLE PRECISION,
    expected_value DOUBLE PRECISION,
    threshold_value DOUBLE PRECISION,
    deviation_percent DOUBLE PRECISION,
    message TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'acknowledged', 'resolved')),
    detected_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    acknowledged_at BIGINT,
    acknowledged_by TEXT,
    resolved_at BIGINT,
    resolved_by TEXT,
    version BIGINT NOT NULL
);

CREATE UNIQUE INDEX performance_alerts_open ON performance_alerts (condition) WHERE status <> 'resolved';

CREATE INDEX performance_alerts_status ON performance_alerts (status, severity);

CREATE INDEX performance_alerts_detected ON performance_alerts (detected_at);
