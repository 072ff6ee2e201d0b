-- Who is told what: a row for each step of an alert that a channel is to be told of, and how each channel does.
--
-- A channel has looked at the steps up to `last_step_id`, which are those that there were when it was first seen, so that
-- it is told of none before. After an attempt it waits until `next_attempt_at`; `failures` counts those in a row that did
-- not succeed, or are not over. `lost` are messages that were given up since the last one that was delivered.

CREATE TABLE notification_channels (
    name TEXT NOT NULL PRIMARY KEY,
    since_at BIGINT NOT NULL,
    last_step_id BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    last_error TEXT NOT NULL,
    last_sent_at BIGINT,
    sent BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    lost BIGINT NOT NULL
);

CREATE TABLE notifications (
    id BIGINT NOT NULL PRIMARY KEY,
    step_id BIGINT NOT NULL,
    channel TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'sent', 'failed')),
    attempts BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    sent_at BIGINT,
    error TEXT NOT NULL,
    UNIQUE (step_id, channel)
);

CREATE INDEX notifications_state ON notifications (channel, state, step_id);
