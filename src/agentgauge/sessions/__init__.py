"""Sessions and tickets: the vocabulary of document 003."""
