-- Weekly reports that are to be sent: a row for each week and each channel, with the message until it is sent or given up.
--
-- `until_at` is the end of the week. After an attempt a row waits until `next_attempt_at`.

CREATE TABLE report_mails (
    id BIGINT NOT NULL PRIMARY KEY,
    until_at BIGINT NOT NULL,
    channel TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'sent', 'failed')),
    attempts BIGINT NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    sent_at BIGINT,
    error TEXT NOT NULL,
    message TEXT NOT NULL,
    UNIQUE (until_at, channel)
);
