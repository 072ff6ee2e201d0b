"""Policies: rules that make decisions of facts. Facts come as arguments; nothing here asks, records or remembers."""
