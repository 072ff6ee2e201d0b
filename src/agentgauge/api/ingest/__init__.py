"""What is sent to the server: events as JSON, OTLP, and byte ranges of journals."""
