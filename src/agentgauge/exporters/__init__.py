"""Exporters: events, handed to other programs as files."""
