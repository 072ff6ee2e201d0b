"""A report as a mail: HTML that mail programs show, its charts as attached pictures, plain text beside it, and the PDF.

Mail programs take SVG and `data:` pictures out of what they show, and most of CSS: so charts are PNG that the body
names (`cid:`), in the light theme, and tables are tables. An attached HTML file many servers reject; a PDF none.
"""

from __future__ import annotations

from agentgauge.charts.drawing import png
from agentgauge.charts.palette import LIGHT, in_theme
from agentgauge.service.notifying.post import File, Message
from agentgauge.service.report_document import paper
from agentgauge.service.report_document.document import Document
from agentgauge.service.report_document.html import environment
from agentgauge.service.report_document.plain import plain

_WIDTH = 600
"""Pixels of a chart: what fits a mail everywhere. Drawn at twice as many, for sharp screens."""


def mail(document: Document, id_: str, file_name: str) -> Message:
    """Takes two seconds, for charts and PDF, and has some 300 KB. Raises `ChartsUnavailable`."""
    subject = document.title
    if document.tiles:
        cost, tasks = (tile.figure.text for tile in document.tiles[:2])
        subject += f": {cost} for {tasks} tasks"
    pictures = [picture for picture in document.pictures if picture.chart.rows]
    body = environment().get_template("mail.html").render(document=document, pictures=pictures, width=_WIDTH)
    return Message(
        id=id_,
        subject=subject,
        body=plain(document),
        html=in_theme(body, LIGHT),
        files=(
            *(File(f"{one.name}.png", "image/png", png(one.chart, LIGHT, _WIDTH)) for one in pictures),
            File(file_name, "application/pdf", paper.pdf(document)),
        ),
    )
