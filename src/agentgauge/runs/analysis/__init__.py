"""Comparing runs: what each came to, read once, and what the runs of a model or a configuration come to together."""
