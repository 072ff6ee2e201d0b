"""The table of fields in the documentation is that of the conventions."""

from __future__ import annotations

from pathlib import Path

from agentgauge.integrations.otlp.table import load

DOCUMENT = Path(__file__).parents[3] / "docs" / "opentelemetry.md"
OPENING, END = "<!-- fields -->\n", "<!-- end of fields -->"


def fields_table() -> str:
    table = load()
    stated = {field: [f"`{name}`" for name in names] for field, names in table.fields.items()}
    stated["project"] += [f"`{name}` of the resource" for name in table.project]
    rows = [f"| `{field}` | {', '.join(names)} |" for field, names in stated.items()]
    return "\n".join(["| field | attributes, the first deciding |", "|---|---|", *rows, ""])


def test_the_documented_fields_are_those_of_the_tables() -> None:
    text = DOCUMENT.read_text("utf-8")
    documented = text[text.index(OPENING) + len(OPENING) : text.index(END)]
    assert documented == fields_table()
