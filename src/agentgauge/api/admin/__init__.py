"""What administrators of a server ask: its keys, and who did what."""
