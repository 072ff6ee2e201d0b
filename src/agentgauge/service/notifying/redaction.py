"""Taking the secrets of a URL out of a text: everything of it but its scheme, and its host where that is no secret."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote, unquote_plus, urlsplit

from agentgauge.settings.notifying import masked

_LEAST = 3
"""Characters of a secret: shorter ones are in any text, and are no secrets."""
_HIDDEN = "***"
_SEPARATORS = re.compile(r"[/:@?&=#,;|\s]+")
_LIST = re.compile(r"[,;\s]+")
_PLAIN = frozenset(("yes", "no", "true", "false", "text", "html", "markdown", "starttls", "ssl", "insecure"))
"""Values of options."""


def secrets_of(url: str) -> tuple[str, ...]:
    """Texts of a URL that nobody else may see, as they are written and as they are meant; the longest first."""
    parts = urlsplit(masked(url).removesuffix("/***"))
    host, _, port = parts.netloc.rpartition(":") if ":" in parts.netloc else (parts.netloc, "", "")
    shown = {parts.netloc, host.strip("[]"), port, parts.scheme}
    place, _, query = url.partition("://")[2].partition("?")
    values = {pair.partition("=")[2] for pair in query.split("&")}
    meant = {unquote_plus(value) for value in values}
    listed = {one for value in meant for one in _LIST.split(value)}
    pieces = {*_SEPARATORS.split(place), *values, *meant, *listed}
    if parts.netloc != _HIDDEN:
        # Whole, besides: a password may have any of the separators in it.
        pieces |= set(place.rpartition("@")[0].partition(":")[::2])
    found = {form for piece in pieces for form in (piece, unquote(piece), quote(unquote(piece), safe=""))}
    return tuple(
        sorted((text for text in found - shown - _PLAIN if len(text) >= _LEAST), key=lambda text: (-len(text), text))
    )


def redacted(text: str, secrets: tuple[str, ...]) -> str:
    """The text with `***` for each of these."""
    for secret in secrets:
        text = text.replace(secret, _HIDDEN)
    return text
