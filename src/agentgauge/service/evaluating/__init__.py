"""Evaluating alert rules: what of each rule's conditions holds for an hour that is over, and what cannot be told."""
