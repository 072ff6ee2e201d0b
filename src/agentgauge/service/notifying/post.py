"""What the process that sends is told, and what it answers: one JSON object a line, in turns."""

from __future__ import annotations

from typing import Literal

import msgspec

Tone = Literal["info", "success", "warning", "failure"]
"""Colour and icon, where a channel has them."""


class File(msgspec.Struct, frozen=True):
    name: str
    """By which the body shows it, where it is a picture: `cid:cost.png`."""
    kind: str
    """`image/png`, `application/pdf`."""
    content: bytes


class Message(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    """The same whenever the same is sent again: of letters, digits, '.' and '-'."""
    subject: str
    """One line."""
    body: str
    """Plain text."""
    tone: Tone = "info"
    html: str = ""
    """What mail shows instead of the body, which stays beside it for who reads plain text; other channels have the
    body."""
    files: tuple[File, ...] = ()
    """Of mail alone: pictures that the HTML shows, and attachments."""


class Posting(msgspec.Struct, frozen=True):
    url: str
    """Apprise's, with its secrets."""
    message: Message | None
    """None: only look whether the URL can be used."""
    instead: Message | None = None
    """Of nothing that comes from programs: what to hand over where a service refuses the message for what it says."""


class Posted(msgspec.Struct, frozen=True):
    problem: str = ""
    """Why it was not delivered as it is to all whom the URL names, or why the URL cannot be used; without secrets.
    Empty: it was, or can."""
    is_told: bool = False
    """Whether it was delivered: as it is or in other words, to all whom the URL names or to some."""
