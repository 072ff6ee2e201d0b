-- Recommendations that were found, each once, and what was decided about them.
-- Times are microseconds since 1970 (UTC). An empty text in a key means: none.

CREATE TABLE identifiers (
    name TEXT PRIMARY KEY,
    last BIGINT NOT NULL
);

INSERT INTO identifiers (name, last) VALUES ('recommendation', 0);

CREATE TABLE cost_recommendations (
    id BIGINT PRIMARY KEY,
    type TEXT NOT NULL,
    agent TEXT NOT NULL,
    model TEXT NOT NULL,
    operation TEXT NOT NULL,
    alternative TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'accepted', 'dismissed')),
    first_found BIGINT NOT NULL,
    last_found BIGINT NOT NULL,
    figures TEXT NOT NULL,
    UNIQUE (type, agent, model, operation, alternative)
);

CREATE TABLE recommendation_decisions (
    recommendation_id BIGINT NOT NULL REFERENCES cost_recommendations (id),
    number BIGINT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('accepted', 'dismissed')),
    decided BIGINT NOT NULL,
    figures TEXT NOT NULL,
    PRIMARY KEY (recommendation_id, number)
);
