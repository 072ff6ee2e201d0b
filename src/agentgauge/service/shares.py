"""What part of a sum each of its amounts is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal


def shares(amounts: Sequence[Decimal | None]) -> list[float]:
    """Ratios that add up to 1; NaN of an amount that is not known, and where all is nothing."""
    total = sum((amount for amount in amounts if amount is not None), Decimal(0))
    return [math.nan if amount is None or not total else float(amount / total) for amount in amounts]
