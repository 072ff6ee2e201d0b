"""The parts of charts are made once, by whichever process is first, wherever something can be written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agentgauge.charts import building
from agentgauge.charts.building import DEFINITIONS, SCRIPT, ChartsUnavailable
from agentgauge.charts.picturing import Drawer
from tests.charts.drawn_charts import CHARTS

_ASK = """
from agentgauge.charts.building import DEFINITIONS, SCRIPT, built
print(len(built(SCRIPT).body), len(built(DEFINITIONS).body))
"""


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    """An environment in which nothing was made yet."""
    (tmp_path / "tmp").mkdir()
    return {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "TMPDIR": str(tmp_path / "tmp")}


def _ask(environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _ASK], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _answer(process: subprocess.Popen[str]) -> list[str]:
    said, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return said.split()


def _kept(environment: dict[str, str]) -> list[str]:
    return sorted(path.name for path in (Path(environment["XDG_CACHE_HOME"]) / "agentgauge").iterdir())


def test_two_processes_at_once_have_the_same_and_leave_nothing_unfinished(places: dict[str, str]) -> None:
    both = [_ask(places), _ask(places)]
    first, second = (_answer(process) for process in both)
    assert first == second
    assert _kept(places) == [building.versions()]
    assert _answer(_ask(places)) == first


def test_what_a_killed_process_left_is_removed_once_it_is_old(places: dict[str, str]) -> None:
    place = Path(places["XDG_CACHE_HOME"]) / "agentgauge"
    old, new = place / "making-old", place / "making-new"
    for left in (old, new):
        (left / "versions").mkdir(parents=True)
        (left / "versions" / SCRIPT).write_text("half")
    long_ago = time.time() - 3600
    os.utime(old, (long_ago, long_ago))
    _answer(_ask(places))
    assert _kept(places) == sorted([building.versions(), "making-new"])


def test_where_the_cache_cannot_be_written_they_are_kept_among_the_temporary_files(places: dict[str, str]) -> None:
    Path(places["XDG_CACHE_HOME"]).write_text("a file where a folder should be")
    _answer(_ask(places))
    assert [path.parent.name for path in Path(places["TMPDIR"]).glob(f"*/{building.versions()}")] == [
        f"agentgauge-{os.getuid()}"
    ]


def test_where_nothing_can_be_written_it_says_so_and_where(places: dict[str, str]) -> None:
    Path(places["XDG_CACHE_HOME"]).write_text("")
    (Path(places["TMPDIR"]) / f"agentgauge-{os.getuid()}").write_text("")
    process = _ask(places)
    errors = process.communicate(timeout=120)[1]
    assert process.returncode != 0
    assert "the parts of charts can be kept nowhere" in errors
    assert all(place in errors for place in (places["XDG_CACHE_HOME"], places["TMPDIR"]))


def test_a_folder_that_others_may_write_is_not_trusted(places: dict[str, str]) -> None:
    Path(places["XDG_CACHE_HOME"]).write_text("")
    planted = Path(places["TMPDIR"]) / f"agentgauge-{os.getuid()}"
    (planted / building.versions()).mkdir(parents=True)
    for name in (SCRIPT, DEFINITIONS):
        (planted / building.versions() / name).write_text("planted")
    planted.chmod(0o777)
    errors = _ask(places).communicate(timeout=120)[1]
    assert "others may write there" in errors


def test_what_a_browser_loads_is_all_forms_and_less_than_400_kb() -> None:
    assert set(json.loads(building.built(DEFINITIONS).body)) == set(CHARTS)
    assert len(building.built(SCRIPT).packed) < 400_000


def test_pictures_are_drawn_by_one_process_that_ends_when_closed() -> None:
    drawer = Drawer()
    first, second = drawer.picture(CHARTS["bars"]), drawer.picture(CHARTS["heat"])
    assert first.startswith(b"<svg")
    assert first != second
    process = drawer._process
    assert process is not None
    drawer.close()
    assert process.returncode is not None
    assert drawer.picture(CHARTS["bars"]) == first
    drawer.close()


def test_a_picture_that_cannot_be_drawn_says_so_and_the_next_one_is_drawn() -> None:
    drawer = Drawer()
    drawer.picture(CHARTS["bars"])
    process = drawer._process
    assert process is not None
    process.kill()
    process.wait()
    with pytest.raises(ChartsUnavailable, match="could not be drawn"):
        drawer.picture(CHARTS["bars"])
    assert drawer.picture(CHARTS["bars"]).startswith(b"<svg")
    drawer.close()
