-- The integer ids of agents: one for each name in a project, '' where events name no project.

CREATE TABLE agents (
    id BIGINT NOT NULL PRIMARY KEY,
    project TEXT NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (name, project)
);
