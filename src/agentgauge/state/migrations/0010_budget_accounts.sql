-- What is spent of budgets, and reserved for calls that are under way. An account is of one period of one budget.
--
-- The stream of events is what spending follows from: `counted_usd` is what it said at `counted_at`. A charge is an event
-- that was told at once, by its identity; it stands beside the count until a count has seen it, and its row is kept some
-- time after, so that telling it again changes nothing. Amounts are exact decimals as text.

ALTER TABLE budget_allocations ADD COLUMN set_by TEXT NOT NULL DEFAULT 'person';

CREATE TABLE budget_accounts (
    budget_id BIGINT NOT NULL,
    period_start BIGINT NOT NULL,
    counted_usd TEXT NOT NULL,
    counted_at BIGINT,
    charged_usd TEXT NOT NULL,
    reserved_usd TEXT NOT NULL,
    PRIMARY KEY (budget_id, period_start)
);

CREATE TABLE budget_charges (
    budget_id BIGINT NOT NULL,
    segment TEXT NOT NULL,
    n BIGINT NOT NULL,
    period_start BIGINT NOT NULL,
    usd TEXT NOT NULL,
    is_priced INTEGER NOT NULL,
    charged_at BIGINT NOT NULL,
    seen_at BIGINT,
    PRIMARY KEY (budget_id, segment, n)
);

CREATE INDEX budget_charges_unseen ON budget_charges (budget_id, period_start, seen_at);

CREATE TABLE budget_reservations (
    id TEXT NOT NULL PRIMARY KEY,
    budget_id BIGINT NOT NULL,
    period_start BIGINT NOT NULL,
    holder TEXT NOT NULL,
    is_lease INTEGER NOT NULL,
    usd TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX budget_reservations_account ON budget_reservations (budget_id, period_start);
