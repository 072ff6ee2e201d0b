"""Ingest: events that others send, checked, kept in the journal, and acknowledged once they are on the disk."""
