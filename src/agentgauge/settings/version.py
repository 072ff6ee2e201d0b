"""The version of this package, for what writes it down without importing all of it."""

from __future__ import annotations

VERSION = "0.1.0"
