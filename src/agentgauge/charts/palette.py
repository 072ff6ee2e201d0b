"""The colours of both themes, and which paint an entity has.

The series colours stay apart for the three kinds of colour blindness. Two of them are faint on white, so a line also
has a dash of its own, and no text is written in a series colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

MOST = 6
"""Entities that have a colour; the others share the one of `OTHER`."""
OTHER = "Other"

Theme = Mapping[str, str]
"""The values of CSS variables, by their names without dashes."""

LIGHT: Theme = {
    "ground": "#f7f8fa", "card": "#ffffff", "line": "#e4e7ec", "text": "#14181f", "muted": "#5b6472",
    "accent": "#0b63c5", "control": "#868e9b", "good": "#0b7a55", "warn": "#9a6200", "bad": "#c0392b",
    "series-other": "#8a94a3",
    "series-1": "#0072b2", "series-2": "#e69f00", "series-3": "#009e73", "series-4": "#cc79a7",
    "series-5": "#56b4e9", "series-6": "#d55e00",
}  # fmt: skip
DARK: Theme = {
    "ground": "#0d1117", "card": "#151b23", "line": "#28303b", "text": "#e9edf3", "muted": "#9aa5b4",
    "accent": "#6cb2ff", "control": "#6b7684", "good": "#43c59e", "warn": "#f0b94a", "bad": "#ff8a7a",
    "series-other": "#7d8896",
    "series-1": "#3b9edb", "series-2": "#f0b429", "series-3": "#2cc295", "series-4": "#e08fbf",
    "series-5": "#9ad7ff", "series-6": "#ff7a3d",
}  # fmt: skip

_DASHES: tuple[tuple[int, ...], ...] = ((1, 0), (6, 3), (2, 2), (8, 3, 2, 3), (12, 4), (4, 2, 1, 2))


class Paint(msgspec.Struct, frozen=True):
    colour: str
    """A CSS value: `var(--series-1)`."""
    dash: tuple[int, ...]
    """Of a line: lengths of strokes and gaps in pixels."""


def paint(slot: int) -> Paint:
    """The paint of a slot from 0 on; from `MOST` on that of all others, with different dashes."""
    colour = f"var(--series-{slot + 1})" if slot < MOST else "var(--series-other)"
    return Paint(colour, _DASHES[slot % MOST])


def paints(shown: Sequence[str], known: Sequence[str]) -> Mapping[str, Paint]:
    """The paint of each entity that a chart shows.

    `known` are all entities in an order that does not depend on what the chart leaves out, so that each keeps its
    colour whichever others are shown beside it.
    """
    slots = {name: slot for slot, name in enumerate(known)}
    unknown = len(known) + MOST
    return {name: paint(slots.get(name, unknown + at) if name != OTHER else unknown) for at, name in enumerate(shown)}


def in_theme(text: str, theme: Theme) -> str:
    """A text with the values of a theme in the place of its variables."""
    for name, value in theme.items():
        text = text.replace(f"var(--{name})", value)
    return text


def style() -> str:
    """The variables of both themes as CSS: the system's choice, or `data-theme` of the page."""
    light, dark = (";".join(f"--{name}:{value}" for name, value in theme.items()) for theme in (LIGHT, DARK))
    return (
        f":root{{color-scheme:light dark;{light}}}"
        f"@media (prefers-color-scheme:dark){{:root{{{dark}}}}}"
        f":root[data-theme=light]{{color-scheme:light;{light}}}"
        f":root[data-theme=dark]{{color-scheme:dark;{dark}}}"
    )
