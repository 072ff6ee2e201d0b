"""What a guard and a server say to each other: bodies of requests and answers, as JSON.

    POST PATH                                      Wanted     -> Account
    GET  PATH/{budget_id}                                     -> Account
    PUT  PATH/{budget_id}/reservations/{id}        Asked      -> Answered
    POST PATH/{budget_id}/reservations/{id}/settle Settlement -> Reservation
    POST PATH/{budget_id}/charges                  Charges    -> Account
    POST PATH/{budget_id}/recount                             -> Account
    POST PATH/renew                                Renewal

The rest are the values of `agentgauge.state.budget_account`. An amount is text, so that no digit is lost. Whoever reads
an answer passes over what it does not know; a request is refused for it, since it asks for something.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta

from agentgauge.state.budget_account import Charge, Refusal, Reservation

PATH = "/api/v1/budget-accounts"
MOST_CHARGES = 1000
"""Of one request."""
MOST_RENEWED = 1000
LONGEST_TTL_S = 86400.0

RESERVATION_ID = r"^[A-Za-z0-9._:-]{1,100}$"
"""The holder's to choose; random, so that no two holders choose the same."""
Holder = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
Seconds = Annotated[float, Meta(gt=0, le=LONGEST_TTL_S)]


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """To reserve something out of what is left."""

    usd: Decimal
    at_least_usd: Decimal
    """The same as `usd` for a call; less for a lease, which is given what there is headroom for."""
    holder: Holder
    ttl_s: Seconds
    """In which the holder settles it, or says by `renew` that it is alive."""


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """One of both."""

    reservation: Reservation | None = None
    refusal: Refusal | None = None


class Charges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    charges: Annotated[tuple[Charge, ...], Meta(max_length=MOST_CHARGES)]


class Settlement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    charges: Annotated[tuple[Charge, ...], Meta(max_length=MOST_CHARGES)] = ()
    keep_usd: Decimal = Decimal(0)
    """What stays reserved, at most; 0 ends it."""


class Renewal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Its holder is alive."""

    holder: Holder
    reservations: Annotated[tuple[Annotated[str, Meta(pattern=RESERVATION_ID)], ...], Meta(max_length=MOST_RENEWED)]
    """Those that the holder knows it has: one whose request was never answered is left to expire."""
    ttl_s: Seconds
