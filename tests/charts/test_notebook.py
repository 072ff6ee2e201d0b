"""Charts in notebooks."""

from __future__ import annotations

from agentgauge.charts import Chart, Series

CHART = Chart(
    form="columns", unit="usd", summary="Cost per day: gpt-5 $2.00.", series=(Series("gpt-5", "var(--series-1)"),),
    rows=(
        {
            "x": "2026-11-01T00:00:00Z", "x2": "2026-11-02T00:00:00Z", "label": "Sun 1 Nov", "y": 2.0, "text": "$2.00",
            "series": "gpt-5", "colour": "var(--series-1)", "order": 0,
        },
    ),
)  # fmt: skip


def test_a_chart_shows_itself_as_vega_lite_as_a_picture_and_in_words() -> None:
    shown = CHART._repr_mimebundle_()
    spec = shown["application/vnd.vegalite.v6.json"]
    assert "vega-lite/v6" in spec["$schema"]
    assert spec["datasets"]["rows"][0]["colour"] == "#0072b2"
    assert shown["image/svg+xml"].startswith("<svg")
    assert "var(--" not in shown["image/svg+xml"]
    assert shown["text/plain"] == "Cost per day: gpt-5 $2.00."
