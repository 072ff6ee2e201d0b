"""Features, how well they work and how content people are with them: the vocabulary of document 001."""
