"""What is read at run time beside code comes with the wheel: templates, static files, tables of data, migrations."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from tests.components import require

ROOT = Path(__file__).parents[2]


def test_a_wheel_has_every_file_that_is_not_code() -> None:
    require(find_spec("hatchling") is not None, "hatchling, which builds the wheel (pip install hatchling)")
    from hatchling.builders.wheel import WheelBuilder

    packed = {file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    source = ROOT / "src"
    there = {
        path.relative_to(source).as_posix()
        for path in (source / "agentgauge").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert there - packed == set()
    for name in ("templates/page.html", "templates/macros/charts.html", "static/app.css", "static/app.js"):
        assert f"agentgauge/dashboard/{name}" in packed
