"""What operators and their programs look at: health, readiness, the server's own figures."""
