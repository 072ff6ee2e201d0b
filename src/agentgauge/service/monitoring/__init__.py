"""Monitoring: what a monitoring system polls of the events, and of the server's own processes."""
