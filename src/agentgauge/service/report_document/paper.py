"""A report on paper: PDF in pages of A4, or one long picture. By Typst, from a template, without a browser.

What a report says reaches the template as data, never as markup. Latin, Greek and Cyrillic letters are Inter's, which
is beside this module; other letters are of the fonts that the machine has. A letter that no font has is written as its
number, `U+6F22`: a name must not vanish.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

import msgspec

from agentgauge.charts.drawing import svg
from agentgauge.charts.palette import LIGHT, in_theme
from agentgauge.service.report_document.document import Document, Picture

if TYPE_CHECKING:
    import typst

_WIDTH = 760
"""Of a chart, in its own pixels: as wide as a page."""
_PIXELS_PER_INCH = 144.0
_ROOM = files("agentgauge.service.report_document")
_PLAIN_BELOW = 0x250
"""Letters that need not be looked for: Inter has all that are printed."""


def pdf(document: Document) -> bytes:
    """Tagged, as PDF/UA-1 asks. Takes a second. Raises `ChartsUnavailable`."""
    made = _compiled(document, "pdf", pages="many")
    assert isinstance(made, bytes)
    return made


def png(document: Document) -> bytes:
    """One picture, 1,191 pixels wide and as high as it takes. Raises as above."""
    made = _compiled(document, "png", pages="one")
    return made if isinstance(made, bytes) else made[0]


def _compiled(document: Document, form: Any, *, pages: str) -> bytes | list[bytes]:
    import typst

    with as_file(_ROOM / "fonts") as fonts:
        compiler = typst.Compiler(font_paths=typst.Fonts(font_paths=[fonts]))
        data = _data(document)
        for odd in _undrawable(compiler, data):
            data = data.replace(odd, f"U+{ord(odd):04X}")
        made = compiler.compile(
            input=(_ROOM / "templates" / "report.typ").read_bytes(), format=form, ppi=_PIXELS_PER_INCH,
            sys_inputs={"document": data, "pages": pages}, pdf_standards=["ua-1"] if form == "pdf" else [],
        )  # fmt: skip
    assert made is not None
    return made


def _data(document: Document) -> str:
    said = msgspec.to_builtins(document)
    del said["pictures"]
    said["drawings"] = [_drawing(picture) for picture in document.pictures if picture.chart.rows]
    said["theme"] = LIGHT
    return in_theme(msgspec.json.encode(said).decode(), LIGHT)


def _drawing(picture: Picture) -> dict[str, Any]:
    chart = picture.chart
    return {
        "title": picture.title,
        "summary": chart.summary,
        "notes": picture.notes,
        "is_lines": chart.form == "lines",
        "series": [
            {"name": one.name, "colour": one.colour, "dash": () if one.dash == (1, 0) else one.dash}
            for one in chart.series
        ],
        "svg": svg(chart, LIGHT, _WIDTH),
    }


def _undrawable(compiler: typst.Compiler, text: str) -> Iterable[str]:
    """The letters that no font has: Typst refuses them where a document is to be readable for ever (PDF/A)."""
    import typst

    for letter in sorted({letter for letter in text if ord(letter) >= _PLAIN_BELOW}):
        try:
            compiler.compile(
                input=b'#set text(font: "Inter")\n#sys.inputs.letter', format="pdf", sys_inputs={"letter": letter},
                pdf_standards=["a-2u"],
            )  # fmt: skip
        except typst.TypstError:
            yield letter
