"""Colours can be read and told apart in both themes, also by who sees fewer; and an entity keeps its own."""

from __future__ import annotations

import math
from itertools import combinations

import pytest

from agentgauge.charts.palette import DARK, LIGHT, MOST, OTHER, Theme, in_theme, paint, paints, style

both_themes = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
_SERIES = [f"series-{slot}" for slot in range(1, MOST + 1)]

# Machado, Oliveira and Fernandes 2009, at full severity, in linear sRGB.
_SIGHT = {
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
Linear = tuple[float, float, float]


def _product(row: Linear, of: Linear) -> float:
    return sum(one * other for one, other in zip(row, of, strict=True))


def _linear(colour: str) -> Linear:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return tuple(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue))  # type: ignore[return-value] # three


def _luminance(colour: str) -> float:
    red, green, blue = _linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    """As WCAG 2.2 defines it."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _seen(colour: str, sight: str) -> Linear:
    linear = _linear(colour)
    return tuple(min(1.0, max(0.0, _product(row, linear))) for row in _SIGHT[sight])  # type: ignore[return-value] # three


def _lab(linear: Linear) -> Linear:
    """CIELAB under D65."""
    rows = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.072175), (0.0193339, 0.119192, 0.9503041))
    white = (0.95047, 1.0, 1.08883)
    x, y, z = (_product(row, linear) / of for row, of in zip(rows, white, strict=True))
    fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


@both_themes
@pytest.mark.parametrize("ground", ["card", "ground"])
@pytest.mark.parametrize("text", ["text", "muted", "accent", "good", "warn", "bad"])
def test_text_can_be_read(theme: Theme, text: str, ground: str) -> None:
    assert _contrast(theme[text], theme[ground]) >= 4.5


@both_themes
def test_the_edges_of_controls_can_be_seen(theme: Theme) -> None:
    assert _contrast(theme["control"], theme["card"]) >= 3


@both_themes
def test_all_series_but_two_stand_out_from_the_card_and_those_are_told_apart_by_more_than_colour(theme: Theme) -> None:
    faint = [name for name in _SERIES if _contrast(theme[name], theme["card"]) < 3]
    assert len(faint) <= (2 if theme is LIGHT else 0)
    assert all(_contrast(theme[name], theme["card"]) >= 2.2 for name in faint)


@both_themes
@pytest.mark.parametrize("sight", _SIGHT)
def test_series_are_told_apart_by_who_sees_fewer_colours(theme: Theme, sight: str) -> None:
    seen = {name: _lab(_seen(theme[name], sight)) for name in _SERIES}
    assert min(math.dist(seen[one], seen[other]) for one, other in combinations(_SERIES, 2)) >= 8


def test_no_two_lines_have_the_same_dash_and_none_of_the_same_colour() -> None:
    assert len({paint(slot).dash for slot in range(MOST)}) == MOST
    assert len({paint(slot).colour for slot in range(MOST)}) == MOST


def test_an_entity_keeps_its_paint_when_others_are_left_out() -> None:
    known = ["a", "b", "c"]
    assert paints(["c", "a"], known)["c"] == paints(known, known)["c"]


def test_what_is_not_known_has_the_colour_of_all_others() -> None:
    found = paints(["a", "x", "y", OTHER], ["a"])
    assert {found[name].colour for name in ("x", "y", OTHER)} == {"var(--series-other)"}


def test_both_themes_have_the_same_names_and_pages_have_both() -> None:
    assert LIGHT.keys() == DARK.keys()
    assert all(f"--accent:{theme['accent']}" in style() for theme in (LIGHT, DARK))
    assert in_theme("var(--series-1) var(--series-other)", DARK) == f"{DARK['series-1']} {DARK['series-other']}"
