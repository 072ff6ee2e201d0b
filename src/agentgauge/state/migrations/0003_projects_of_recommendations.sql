-- A recommendation is found in what its project, or everything together (''), did. SQLite cannot change a key in
-- place, so both tables are made anew with the same ids.

ALTER TABLE recommendation_decisions RENAME TO former_decisions;

ALTER TABLE cost_recommendations RENAME TO former_recommendations;

CREATE TABLE cost_recommendations (
    id BIGINT NOT NULL,
    project TEXT NOT NULL,
    type TEXT NOT NULL,
    agent TEXT NOT NULL,
    model TEXT NOT NULL,
    operation TEXT NOT NULL,
    alternative TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'accepted', 'dismissed')),
    found_at BIGINT NOT NULL,
    last_found_at BIGINT NOT NULL,
    figures TEXT NOT NULL,
    CONSTRAINT recommendations_key PRIMARY KEY (id),
    CONSTRAINT recommendations_once UNIQUE (project, type, agent, model, operation, alternative)
);

CREATE TABLE recommendation_decisions (
    recommendation_id BIGINT NOT NULL REFERENCES cost_recommendations (id),
    number BIGINT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('accepted', 'dismissed')),
    decided_at BIGINT NOT NULL,
    figures TEXT NOT NULL,
    CONSTRAINT decisions_key PRIMARY KEY (recommendation_id, number)
);

INSERT INTO cost_recommendations
SELECT id, '', type, agent, model, operation, alternative, status, first_found, last_found, figures
FROM former_recommendations;

INSERT INTO recommendation_decisions
SELECT recommendation_id, number, status, decided, figures
FROM former_decisions;

DROP TABLE former_decisions;

DROP TABLE former_recommendations;

CREATE INDEX cost_recommendations_status ON cost_recommendations (status);
