"""Commands, one a file: each asks one question or does one thing, and shows the answer."""
