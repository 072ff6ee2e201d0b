"""State: what changes in place, in SQLite beside the lake. Tables are versioned `.sql` files."""
