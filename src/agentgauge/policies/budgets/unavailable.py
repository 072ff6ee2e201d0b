"""A budget that cannot be checked now: what guards tell each other, and never the program."""

from __future__ import annotations


class Unavailable(Exception):
    """`str` of it is the reason."""


class Refused(Exception):
    """There is not so much left, and waiting does not help."""
