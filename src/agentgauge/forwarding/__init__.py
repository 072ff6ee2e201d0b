"""Shipping: what is recorded here is sent to a server, exactly once."""
