"""A forecast of cost as a chart: the days that were, then what is expected of the days to come, with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from agentgauge.charts import Chart, Series
from agentgauge.engines.time_buckets import bucket_time, zone_named
from agentgauge.service import forecast_wording, short_wording
from agentgauge.service.graphs.bands import EXPECTED_DASH, bands, form_of, legend, line
from agentgauge.service.graphs.days import bucket_name, bucket_times
from agentgauge.service.reports.forecast import Forecast

_PAST_SHOWN = 45
_COLOUR = "var(--series-1)"
_SPENT = Series("spent", _COLOUR)
_EXPECTED = Series("expected", _COLOUR, EXPECTED_DASH)


def forecast_chart(answer: Forecast) -> Chart:
    """Of a forecast of cost, day by day. Without a forecast it has no rows."""
    rows: list[Mapping[str, Any]] = []
    zone = zone_named(answer.time_zone)

    def begin(day: date) -> datetime:
        return bucket_time("day", zone, day.toordinal())

    if answer.days:
        for past in answer.past[-_PAST_SHOWN:]:
            text = short_wording.money(Decimal(repr(past.value)))
            rows.append(line(begin(past.day), bucket_name(begin(past.day), "day"), _SPENT, past.value, text))
    for ahead in answer.days:
        time = begin(ahead.day)
        label, value = bucket_name(time, "day"), ahead.expected.value
        rows.append(line(time, label, _EXPECTED, value, f"about {forecast_wording.figure(value, 'USD')}"))
        rows.extend(bands(time, label, _COLOUR, ahead.expected))
    times = [begin(past.day) for past in answer.past[-_PAST_SHOWN:]] + [begin(ahead.day) for ahead in answer.days]
    has_bands = answer.state == "forecast"
    return Chart(
        form=form_of(rows),
        unit="usd",
        rows=tuple(rows),
        series=(_SPENT, _EXPECTED, *(legend(_COLOUR) if has_bands else ())),
        summary=forecast_wording.sentence(answer),
        x_title="Day",
        times=bucket_times(times, "day"),
    )
