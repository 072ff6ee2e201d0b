"""Policies: from what figures show to what to do about it, as pure functions with their thresholds as arguments."""
