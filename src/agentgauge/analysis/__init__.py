"""Analysis: pure functions that say what figures show, with their uncertainty."""
