"""Tables of conventions, one file each: see `agentgauge.integrations.otlp.table`."""
