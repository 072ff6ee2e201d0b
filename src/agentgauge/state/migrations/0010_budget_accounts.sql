-- What is spent of budgets, and reserved for calls that are under way. An account is of one period of one budget.
--
-- The stream of events is what spending follows from: `counted_usd` is what it said in a snapshot that was opened between
-- `counted_at` and `snapshot_at`. A charge is an event that was told at once, by its identity; it stands beside the count
-- until a count has seen it, and its row is kept some time after, so that telling it again changes nothing. What is taken
-- out of the stream later, by age or to forget a person, was spent all the same: its money is carried, from the version
-- of the lake on that has the deletion.

ALTER TABLE budget_allocations ADD COLUMN set_by TEXT NOT NULL DEFAULT 'person' CHECK (set_by IN ('person', 'code'));

CREATE TABLE budget_accounts (
    budget_id BIGINT NOT NULL,
    period_starts_at BIGINT NOT NULL,
    counted_usd TEXT NOT NULL,
    counted_at BIGINT,
    snapshot_at BIGINT,
    charged_usd TEXT NOT NULL,
    reserved_usd TEXT NOT NULL,
    PRIMARY KEY (budget_id, period_starts_at)
);

CREATE TABLE budget_charges (
    budget_id BIGINT NOT NULL,
    segment TEXT NOT NULL,
    n BIGINT NOT NULL,
    event_at BIGINT NOT NULL,
    period_starts_at BIGINT NOT NULL,
    cost_usd TEXT NOT NULL,
    is_priced INTEGER NOT NULL,
    charged_at BIGINT NOT NULL,
    seen_at BIGINT,
    PRIMARY KEY (budget_id, segment, n)
);

CREATE INDEX budget_charges_seen ON budget_charges (budget_id, seen_at);

CREATE TABLE budget_reservations (
    budget_id BIGINT NOT NULL,
    id TEXT NOT NULL,
    period_starts_at BIGINT NOT NULL,
    holder TEXT NOT NULL,
    is_lease INTEGER NOT NULL,
    held_usd TEXT NOT NULL,
    reserved_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (budget_id, id)
);

CREATE INDEX budget_reservations_holder ON budget_reservations (holder);

CREATE TABLE budget_carries (
    budget_id BIGINT NOT NULL,
    deletion TEXT NOT NULL,
    from_at BIGINT NOT NULL,
    is_edge INTEGER NOT NULL,
    carried_usd TEXT NOT NULL,
    PRIMARY KEY (budget_id, deletion, from_at, is_edge)
);
