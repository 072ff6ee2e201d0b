"""Other programs' records, turned into events: each source in its own module, none of them imported until asked for."""
