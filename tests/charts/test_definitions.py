"""Each form is valid Vega-Lite without data or theme, and is drawn as a picture with both."""

from __future__ import annotations

import re
import struct
from typing import get_args

import altair as alt
import msgspec
import pytest

from agentgauge.charts import DARK, LIGHT, Chart
from agentgauge.charts.axis import Form
from agentgauge.charts.definitions import definitions
from agentgauge.charts.drawing import pdf, png, specification, svg
from tests.charts.drawn_charts import CHARTS

every_form = pytest.mark.parametrize("form", get_args(Form))


def test_there_is_a_definition_of_every_form() -> None:
    assert set(definitions()) == set(get_args(Form)) == set(CHARTS)


@every_form
def test_a_definition_is_valid_with_and_without_data(form: Form) -> None:
    definition = definitions()[form]
    alt.Chart.from_dict(definition)
    alt.Chart.from_dict(specification(CHARTS[form]))
    assert definition["data"] == {"name": "rows"}
    assert "datasets" not in definition


@every_form
def test_its_only_colours_are_variables_and_those_of_its_rows(form: Form) -> None:
    text = msgspec.json.encode(definitions()[form]).decode()
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|rgb", text) == []
    assert {"var(--muted)", "var(--line)"} <= set(re.findall(r"var\(--[a-z-]+\)", text))


@every_form
def test_a_picture_has_the_figures_and_the_colours_of_its_theme(form: Form) -> None:
    light, dark = svg(CHARTS[form], LIGHT), svg(CHARTS[form], DARK)
    for drawn, theme in ((light, LIGHT), (dark, DARK)):
        assert "var(--" not in drawn
        assert theme["card"] in drawn
        assert theme["muted"] in drawn
        assert theme["series-1"] in drawn


@every_form
def test_a_picture_has_the_width_that_was_asked_for(form: Form) -> None:
    data = png(CHARTS[form], width=500, scale=2)
    assert data.startswith(b"\x89PNG")
    assert struct.unpack(">I", data[16:20])[0] == pytest.approx(1000, abs=12)


def test_a_chart_is_a_pdf_too() -> None:
    assert pdf(CHARTS["bars"]).startswith(b"%PDF")


def _texts(chart: Chart) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg(chart))


def test_days_are_called_by_their_date_and_hours_by_their_time() -> None:
    assert "2 Nov" in _texts(CHARTS["lines"])
    times = [f"2026-11-01T{hour}:00:00Z" for hour in range(20, 24)] + ["2026-11-02T06:00:00Z"]
    rows = tuple({**CHARTS["lines"].rows[0], "x": time} for time in times)
    texts = _texts(Chart(form="lines", unit="ms", rows=rows, summary=""))
    assert "2 Nov" in texts
    assert "22:00" in texts


def test_months_are_called_by_their_name_where_there_are_many() -> None:
    row = CHARTS["lines"].rows[0]
    rows = tuple({**row, "x": f"2026-{month:02d}-01T00:00:00Z"} for month in range(1, 12))
    assert "Apr 2026" in _texts(Chart(form="lines", unit="ms", rows=rows, summary=""))


def test_a_gap_stays_one() -> None:
    whole = CHARTS["lines"].rows[:7]
    with_gap = tuple({**row, "y": None} if at == 3 else row for at, row in enumerate(whole))
    drawn = [svg(Chart(form="lines", unit="ms", rows=rows, summary="")) for rows in (whole, with_gap)]
    lines = [re.findall(r'class="mark-line[^>]*><path[^>]*? d="([^"]+)"', one) for one in drawn]
    assert [line.count("M") for (line,) in lines] == [1, 2]
