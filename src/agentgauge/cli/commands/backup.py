"""`agentgauge backup` and `agentgauge restore`: a home as one file."""
