"""API keys as they are written: `agk_<prefix>_<secret>`, hexadecimal, so that one is told from the next at a glance
and a scanner of leaked secrets finds them.

The prefix, 32 random bits, finds the key and is shown in lists, logs and the audit. The secret, 192 random bits, is
shown once. What is kept is SHA-256 of the whole token: a slow, salted hash protects what people choose, of which a
machine can try all; of 2^192 secrets nobody can try a part worth naming, and a slow hash would only let callers with
wrong keys keep the server busy.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

import msgspec

_PREFIX_BYTES, _SECRET_BYTES = 4, 24
_TOKEN = re.compile(rf"agk_(?P<prefix>[0-9a-f]{{{2 * _PREFIX_BYTES}}})_[0-9a-f]{{{2 * _SECRET_BYTES}}}", re.ASCII)
_NAMED = re.compile(rf"(?:agk_)?(?P<prefix>[0-9a-f]{{{2 * _PREFIX_BYTES}}})(?:_[0-9a-f.]*)?$", re.ASCII)


class Token(msgspec.Struct, frozen=True):
    prefix: str
    text: str
    """The whole of it: a secret."""

    def __repr__(self) -> str:
        """Without the secret."""
        return f"Token(agk_{self.prefix}_...)"

    @property
    def digest(self) -> str:
        """What is kept of it, hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def matches(self, digest: str) -> bool:
        """Whether it is the token that a digest was kept of. Takes the same time whichever character differs."""
        return hmac.compare_digest(self.digest, digest)


def new_token() -> Token:
    prefix = secrets.token_hex(_PREFIX_BYTES)
    return Token(prefix, f"agk_{prefix}_{secrets.token_hex(_SECRET_BYTES)}")


def read_token(text: str) -> Token | None:
    """The token that a text is; None where it is none."""
    read = _TOKEN.fullmatch(text)
    return Token(read["prefix"], text) if read else None


def prefix_in(text: str) -> str | None:
    """The prefix that somebody names a key by: alone, or with what is around it in the token. None of other text."""
    named = _NAMED.match(text.strip())
    return named["prefix"] if named else None
