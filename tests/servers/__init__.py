"""Real servers that tests talk to: started on a free port in a temporary directory, or named by the environment."""
