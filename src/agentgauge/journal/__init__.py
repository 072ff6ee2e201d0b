"""The journal: crash-safe append of event lines by any number of processes, and reading them back.

Nothing is imported here: a recorder needs the writing side and not `scanner`, the reading side.
"""
