"""Readings: what reports need of the events, read through an engine and not yet an answer to anybody's question."""
