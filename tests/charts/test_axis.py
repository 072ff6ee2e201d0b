"""Ticks are round as people count, cover the figures, and are worded alike."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgauge.charts.axis import Form, Unit, axis_of


def _axis(unit: Unit, *figures: float, form: Form = "lines") -> tuple[str, ...]:
    return axis_of(form, unit, [{"x": at, "y": figure} for at, figure in enumerate(figures)]).labels


@pytest.mark.parametrize(
    ("unit", "highest", "expected"),
    [
        ("ms", 0.4, "0|0.1 ms|0.2 ms|0.3 ms|0.4 ms"),
        ("ms", 440, "0|100 ms|200 ms|300 ms|400 ms|500 ms"),
        ("ms", 4_400, "0|1 s|2 s|3 s|4 s|5 s"),
        ("ms", 85_000, "0|30 s|1 m|1 m 30 s"),
        ("ms", 190_000, "0|1 m|2 m|3 m|4 m"),
        ("ms", 9_000_000, "0|30 m|1 h|1 h 30 m|2 h|2 h 30 m"),
        ("usd", 0.0031, "$0|$0.001|$0.002|$0.003|$0.004"),
        ("usd", 1.94, "$0|$0.50|$1.00|$1.50|$2.00"),
        ("usd", 24, "$0|$5|$10|$15|$20|$25"),
        ("usd", 12_345, "$0|$5k|$10k|$15k"),
        ("count", 2, "0|1|2"),
        ("count", 4_100, "0|1,000|2,000|3,000|4,000|5,000"),
        ("tokens", 31e6, "0|10M|20M|30M|40M"),
        ("ratio", 0.031, "0 %|1 %|2 %|3 %|4 %"),
    ],
    ids=lambda value: str(value) if not isinstance(value, str) or len(value) < 8 else "",
)
def test_ticks_are_round_in_the_unit(unit: Unit, highest: float, expected: str) -> None:
    assert "|".join(_axis(unit, 0, highest, form="columns")) == expected


@pytest.mark.parametrize("unit", get_args(Unit))
@given(low=st.floats(0, 1e9), size=st.floats(0, 1e9))
def test_ticks_cover_the_figures_are_few_and_tell_themselves_apart(unit: Unit, low: float, size: float) -> None:
    scale = {"ratio": 1e-9, "score": 1e-7}.get(unit, 1.0)
    figures = [low * scale, (low + size) * scale]
    axis = axis_of("lines", unit, [{"x": 0, "y": figure} for figure in figures])
    slack = max(figures) * 1e-6 + 1e-9
    assert axis.shown[0] - slack <= figures[0] <= figures[1] <= axis.shown[1] + slack
    assert 2 <= len(axis.ticks) == len(axis.labels) <= 7
    assert list(axis.ticks) == sorted(set(axis.ticks))


def test_what_adds_up_is_covered_by_its_sum() -> None:
    rows = [{"x": 0, "y": 3.0}, {"x": 0, "y": 4.0}, {"x": 1, "y": 5.0}]
    assert axis_of("columns", "count", rows).shown == (0, 8)
    assert axis_of("lines", "count", rows).shown == (0, 5)


def test_lines_of_money_begin_at_zero_and_those_of_ratios_where_they_are() -> None:
    assert _axis("usd", 9, 10)[0] == "$0"
    assert _axis("ratio", 0.93, 0.98) == ("93 %", "94 %", "95 %", "96 %", "97 %", "98 %")


@pytest.mark.parametrize(("unit", "most"), [("ratio", "100 %"), ("score", "100")])
def test_a_figure_that_is_always_the_highest_is_shown_on_the_whole_scale(unit: Unit, most: str) -> None:
    highest = 1.0 if unit == "ratio" else 100.0
    labels = _axis(unit, highest, highest)
    assert (labels[0].split()[0], labels[-1]) == ("0", most)


def test_below_zero_money_has_its_sign_before_the_dollar() -> None:
    assert _axis("usd", -2, 2) == ("-$2", "-$1", "$0", "$1", "$2")


@pytest.mark.parametrize("form", get_args(Form))
def test_without_rows_an_axis_can_be_drawn_all_the_same(form: Form) -> None:
    assert axis_of(form, "usd", []).shown[0] < axis_of(form, "usd", []).shown[1]


def test_what_is_not_known_is_passed_over() -> None:
    rows: list[dict[str, Any]] = [{"x": 0, "y": None}, {"x": 1, "y": 4.0}]
    assert axis_of("lines", "count", rows).shown == (0, 4)
    assert axis_of("band", "count", [{"x": 0, "y": None, "low": 1.0, "high": 9.0}]).shown == (0, 10)


def test_the_classes_of_a_histogram_fill_its_axis() -> None:
    rows = [{"x": 700 + at * 1_000, "x2": 1_700 + at * 1_000, "y": 1} for at in range(4)]
    axis = axis_of("histogram", "ms", rows)
    assert axis.shown == (700, 4_700)
    assert axis.labels == ("1 s", "2 s", "3 s", "4 s")
