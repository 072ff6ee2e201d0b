"""Money inside a guard: whole picodollars, exact whatever the program has set its decimal context to.

A guard computes in the threads of others' programs, which may have told `decimal` to keep six digits, or to raise where
something is rounded.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation, localcontext
from typing import TypeVar

T = TypeVar("T")

_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation])
_DIGITS = 12
_ONE = Decimal(1)

PICO = 10**_DIGITS
"""Picodollars in a dollar."""


def pico_of(usd: Decimal) -> int:
    """An amount that has at most 12 decimals, in picodollars."""
    return int(usd.scaleb(_DIGITS, _EXACT))


def usd_of(pico: int) -> Decimal:
    """Picodollars in dollars, without zeros that say nothing and without exponent."""
    usd = Decimal(pico).scaleb(-_DIGITS, _EXACT).normalize(_EXACT)
    return usd if usd == 0 or usd.as_tuple().exponent <= 0 else usd.quantize(_ONE, context=_EXACT)  # type: ignore[operator]


def shown(pico: int) -> str:
    """As people read it: cents, and further digits only where they say something."""
    cents, rest = divmod(abs(pico), PICO // 100)
    text = f"{cents // 100}.{cents % 100:02d}" + (f"{rest:010d}".rstrip("0"))
    return f"-${text}" if pico < 0 else f"${text}"


def exactly(work: Callable[[], T]) -> T:
    """What `work` answers, computed in a decimal context that no program has changed."""
    with localcontext(_EXACT):
        return work()
