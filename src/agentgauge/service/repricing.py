"""Repricing a home: what it does to the costs of a window, per model and in all."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from agentgauge.errors import QueryError
from agentgauge.lake.repricing import ModelRepricing
from agentgauge.meter import Meter
from agentgauge.service.window import Window


class Repriced(msgspec.Struct, frozen=True, kw_only=True):
    window: Window
    dry_run: bool
    """Whether this is what would be done, and nothing was."""
    calls: int
    """Calls with a computed cost or none, which are those that are priced anew."""
    unlanded_calls: int
    """Those of them that are in the journal: they get today's prices when they land. 0 where this is no dry run, which
    lands them first."""
    reported_calls: int
    """Calls with a reported cost, which keep it."""
    changed: int
    old_usd: Decimal
    new_usd: Decimal
    difference_usd: Decimal
    newly_priced: int
    become_unpriced: int
    still_unpriced: int
    models: tuple[ModelRepricing, ...]
    """Those that have such calls, the largest difference first."""
    price_version: str
    files_rewritten: int
    repricing: str | None
    """The name under which the view `repriced` has the old costs; None where nothing was changed."""


def reprice(meter: Meter, window: Window, *, dry_run: bool = False) -> Repriced:
    """Compute the costs of the calls of a window again, with the meter's price book.

    What is in the journal lands first, at the same prices; a dry run counts it so, and leaves it there. Raises
    `QueryError` for a window that is open at its start, `LakeBusy` where another process changes the lake, and
    `LakeError`.
    """
    if window.start is None:
        raise QueryError("repricing changes what is stored: say from when on, with --since")
    done = meter.lake.reprice(window.start, window.end, dry_run=dry_run)
    models = done.models
    return Repriced(
        window=window,
        dry_run=dry_run,
        calls=sum(model.calls for model in models),
        unlanded_calls=done.unlanded_calls,
        reported_calls=done.reported_calls,
        changed=sum(model.changed for model in models),
        old_usd=sum((model.old_usd for model in models), Decimal(0)),
        new_usd=sum((model.new_usd for model in models), Decimal(0)),
        difference_usd=sum((model.difference_usd for model in models), Decimal(0)),
        newly_priced=sum(model.newly_priced for model in models),
        become_unpriced=sum(model.become_unpriced for model in models),
        still_unpriced=sum(model.still_unpriced for model in models),
        models=models,
        price_version=done.price_version,
        files_rewritten=done.files_rewritten,
        repricing=done.repricing,
    )
