"""The user's own prices: which file they are in, and how they are read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from agentgauge.errors import PriceBookError
from agentgauge.pricing import price_file
from agentgauge.pricing.table import Table
from agentgauge.settings import Settings

Overrides = str | os.PathLike[str] | Mapping[str, Any]
"""A TOML file, or a mapping such as `agentgauge.runs.PRICING`."""

_LABEL = "overrides"


def user_file(settings: Settings) -> Path | None:
    """The user's price file: the one that AGENTGAUGE_PRICES names, else the home's `prices.toml` where there is one.

    A file that was named and is not there is returned all the same: reading it tells the user.
    """
    if settings.prices_file is not None:
        return settings.prices_file
    own = settings.home.prices
    return own if own.exists() else None


def read_overrides(overrides: Overrides | None) -> Table:
    """Overrides as rows; none for None. Raises `PriceBookError` where they cannot be used or the file not be read."""
    if overrides is None:
        return Table(_LABEL)
    if isinstance(overrides, Mapping):
        return price_file.from_mapping(overrides, _LABEL)
    try:
        path = Path(overrides)
    except TypeError:
        got = type(overrides).__name__
        raise PriceBookError(f"prices are a TOML file or a mapping by model, got {got}") from None
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PriceBookError(f"cannot read the price file {path}: {error}; name another or none") from error
    return msgspec.structs.replace(price_file.from_toml(text, str(path)), label=_LABEL)
