"""Alerts: rules, and what they make of figures."""
