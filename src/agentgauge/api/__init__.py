"""The HTTP door: questions under `/api/v1`, ingest of events and OTLP, and what operators look at.

Routes read their parameters, ask the service and write its answer down; they compute nothing.
"""
