"""Pages as HTML: Jinja2, with what templates know beside the page itself. What is not a template is escaped."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import jinja2
import msgspec
from markupsafe import Markup

import agentgauge
from agentgauge.charts import Chart
from agentgauge.charts.building import DEFINITIONS, SCRIPT
from agentgauge.dashboard import assets
from agentgauge.dashboard.card import Shown
from agentgauge.dashboard.content import kind_of
from agentgauge.dashboard.filters import NAMES, RANGES
from agentgauge.dashboard.said import MARK
from agentgauge.dashboard.table import SHOWN, Column, Kind, other_order
from agentgauge.service import alert_wording, short_wording, wording

if TYPE_CHECKING:
    from fastapi import Request

    from agentgauge.dashboard.acts import Act, Once
    from agentgauge.dashboard.page import Page, PageAsked

_encode = msgspec.json.Encoder().encode


def page(page: Page, asked: PageAsked, cards: Sequence[Shown]) -> bytes:
    """A whole page."""
    return _page(page, asked, cards, _choices(asked) if page.filtered else {})


def sketch(page: Page, asked: PageAsked, cards: Sequence[Shown]) -> bytes:
    """A page while its questions are being answered: with what its cards held before, if anything. Asks nothing."""
    chosen = {name: list(getattr(asked.filters, name)) for name in NAMES}
    since = min((one.as_of for one in cards if one.as_of is not None), default=None)
    return _page(page, asked, cards, chosen, unfinished=True, since=since)


def _page(page: Page, asked: PageAsked, cards: Sequence[Shown], choices: Mapping[str, list[str]], **how: Any) -> bytes:
    from agentgauge.dashboard.pages import MENU  # deferred: the pages themselves import this room

    return plain(
        "page.html", page=page, asked=asked, filters=asked.filters, cards=cards, menu=MENU, choices=choices,
        title=page.title.format(**asked.at), current=page.of_menu or page.path, **{"unfinished": False, **how},
    )  # fmt: skip


def card(shown: Shown, asked: PageAsked) -> Markup:
    """A card of a page. Raises what its template does: a value of another kind than it takes."""
    return Markup(_environment().get_template("card.html").render(shown=shown, asked=asked))  # noqa: S704 - it escapes


def plain(template: str, **values: Any) -> bytes:
    """A page without cards."""
    return _environment().get_template(template).render(**values).encode()


def confirmation(act: Act, request: Request, fields: Mapping[str, Any], then: str) -> bytes:
    """A page that asks whether an act is to be done, for who runs no script."""
    pairs = [(name, one) for name, value in fields.items() for one in (value if isinstance(value, list) else [value])]
    root = request.scope.get("root_path", "")
    address = act.address(root, request.path_params)
    return plain("confirmation.html", act=act, address=address, pairs=pairs, then=then, root=root)


def once(done: Once, root: str, then: str) -> bytes:
    """A page with what is shown this once."""
    return plain("once.html", done=done, root=root, then=then)


def static_chart(chart: Chart) -> bytes:
    """A chart as a picture. Takes a second, in a process of its own."""
    from agentgauge.charts.picturing import picture

    return picture(chart)


def prepare() -> None:
    """Compile all templates."""
    for name in _environment().list_templates():
        _environment().get_template(name)


def figure(value: Any, kind: Kind) -> str:
    """A value of a table as people read it."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return wording.NOTHING
    match kind:
        case "money":
            return short_wording.money(value if isinstance(value, Decimal) else Decimal(repr(value)))
        case "count":
            return short_wording.count(value)
        case "tokens":
            return short_wording.large_count(value)
        case "duration":
            return short_wording.duration(value)
        case "percent" | "bar":
            return short_wording.percent(value)
        case "score":
            return short_wording.score(value)
        case "number":
            return wording.number(value, "")
        case "flag":
            return "yes" if value else "no"
        case "day":
            return f"{value.day} {value:%b}"
        case _:
            return str(value)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("agentgauge.dashboard"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
    )
    environment.filters |= {
        "figure": figure, "chart_data": _chart_data, "moment": _moment, "money": short_wording.money,
        "count": short_wording.count, "tokens": short_wording.large_count, "duration": short_wording.duration,
        "percent": short_wording.percent, "score": short_wording.score, "utc": _utc,
        "alert_headline": alert_wording.headline, "alert_against": alert_wording.against,
        "alert_subject": alert_wording.subject,
    }  # fmt: skip
    environment.globals |= {
        "asset": assets.address, "version": agentgauge.__version__, "ranges": RANGES, "kind_of": kind_of,
        "other_order": other_order, "most_rows": SHOWN, "is_figure": _is_figure, "spark": _spark, "script": SCRIPT,
        "definitions": DEFINITIONS, "said_mark": MARK, "modules": assets.MODULES,
    }  # fmt: skip
    return environment


def _is_figure(column: Column) -> bool:
    return column.kind not in ("text", "name", "time", "flag", "status", "day")


def _utc(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment(time: datetime | None, form: str = "minute") -> Markup | str:
    """A time: UTC as it is sent, and by the reader's own clock once the page's script has run."""
    if time is None:
        return wording.NOTHING
    said = (
        f"{time.astimezone(UTC):%d %b %Y %H:%M:%S UTC}"
        if form == "second"
        else f"{time.astimezone(UTC):%d %b %H:%M UTC}"
    )
    return Markup('<time datetime="{}" data-form="{}">{}</time>').format(_utc(time), form, said)


def _chart_data(chart: Chart) -> Markup:
    """What the page's script draws a chart with, safe inside `<script type="application/json">`."""
    data = {"form": chart.form, "rows": chart.rows, "totals": chart.totals, "given": chart.parameters()}
    text = _encode(data).decode()
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704 - JSON in which no tag can begin or end


def _spark(course: Sequence[Decimal | float | None], width: int = 120, height: int = 32) -> tuple[str, str]:
    """The line of a sparkline and the area under it, as SVG paths from zero to the largest; empty ones of nothing."""
    values = [math.nan if value is None else float(value) for value in course]
    known = [value for value in values if not math.isnan(value)]
    if len(known) < 2:
        return "", ""
    top, low = max(known), min(0.0, *known)
    step, size = width / (len(course) - 1), (top - low) or 1.0
    points = [
        (round(at * step, 1), round(height - 2 - (value - low) / size * (height - 4), 1))
        for at, value in enumerate(values)
        if not math.isnan(value)
    ]
    line = "M" + "L".join(f"{x} {y}" for x, y in points)
    return line, f"{line}L{points[-1][0]} {height}L{points[0][0]} {height}Z"


def _choices(asked: PageAsked) -> dict[str, list[str]]:
    """What there is to filter by, the names that are chosen always among it."""
    from agentgauge.service.filter_choices import filter_choices

    found = filter_choices(asked.engine, asked.window)
    return {name: sorted({*found[name], *getattr(asked.filters, name)}) for name in NAMES}
