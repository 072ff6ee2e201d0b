"""Processes that end anywhere, disks that refuse anywhere, and several writers at once."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from agentgauge.runs.models import Status
from agentgauge.runs.storage import MetricsStorage
from tests.runs.exporting import export
from tests.runs.issues import TABLES, issue, run, sizes, table

ROOT = Path(__file__).parent.parent.parent
STEPS = ("open", "write", "fsync", "fdatasync", "replace", "mkdir")
"""The calls of the system between which a file changes what a reader would see."""


def _exporter(base: Path, run_id: str, first: int, many: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.runs.exporting", str(base), run_id, str(first), str(many)]
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


def _check_readable(base: Path) -> None:
    """Every file parses, and no row is there twice."""
    storage = MetricsStorage(base)
    assert storage.list_runs().damaged == {}
    for summary in storage.list_runs():
        storage.load_run(summary.run_id)
    for name in TABLES:
        if (base / "csv" / f"{name}.csv").exists():
            rows = [tuple(row.items()) for row in table(base, name)]
            assert all(None not in dict(row) for row in rows)  # no row is longer than the header
            assert [row for row, times in Counter(rows).items() if times > 1] == []


def test_processes_killed_at_any_time_leave_files_that_parse_and_lose_nothing_they_said(tmp_path: Path) -> None:
    chance = random.Random(20261121)
    said: list[int] = []
    for _ in range(8):
        process = _exporter(tmp_path, "run-1", len(said), 0)
        assert process.stdout is not None
        said += map(int, itertools.islice(process.stdout, chance.randrange(1, 12)))
        for _ in range(chance.randrange(100_000)):
            pass  # a moment, of another length each time
        process.send_signal(signal.SIGKILL)
        said += [int(line) for line in process.stdout if line.endswith("\n")]
        process.wait()
        process.stdout.close()
        _check_readable(tmp_path)
    storage = MetricsStorage(tmp_path)
    assert said == [*range(len(said))]
    for number in said:
        assert storage.load_issue("run-1", number).status == Status.COMPLETED
    export(storage, "run-1", len(said))  # what the last one was at is brought to its end
    there = [row["issue_id"] for row in table(tmp_path, "issues")]
    assert sorted(there, key=int) == [str(number) for number in range(len(said) + 1)]
    assert set(Counter(row["issue_id"] for row in table(tmp_path, "agents")).values()) == {2}


def _everything(base: Path) -> None:
    """Saves and exports that append, replace, add columns and finish."""
    storage = MetricsStorage(base)
    for member in (issue(issue_id="1", agents=3), issue(issue_id="2", extra={"new": 1}), issue(issue_id="4")):
        storage.save_issue_metrics("run-1", member)
        storage.export_issue_to_csv("run-1", member)
    whole = run(issue(issue_id="1", agents=3), issue(issue_id="2", extra={"new": 1}), issue(issue_id="4"))
    storage.save_run_final(whole)
    storage.export_run_to_csv(whole)


def _before(base: Path) -> None:
    storage = MetricsStorage(base)
    storage.save_issue_metrics("run-1", issue(issue_id="1"))
    storage.export_issue_to_csv("run-1", issue(issue_id="1"))


@pytest.fixture
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is killed takes nothing from the page cache, so here the disk may take its time."""
    for name in ("fsync", "fdatasync"):
        monkeypatch.setattr(os, name, lambda descriptor: None)


def _failing_at(number: int, fail: Callable[[], Any], patch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Let the call of that number among the steps fail before it does anything; how many calls there were."""
    calls = itertools.count(1)
    made = 0

    def stepped(call: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **more: Any) -> Any:
            nonlocal made
            made = next(calls)
            if made == number:
                fail()
            return call(*arguments, **more)

        return step

    for name in STEPS:
        patch.setattr(os, name, stepped(getattr(os, name)))
    return lambda: made


def _finished(base: Path) -> None:
    """What was begun is done again, and all is there once."""
    _check_readable(base)
    _everything(base)
    _check_readable(base)
    assert sizes(base) == {name: 7 if name == "agents" else 1 if name == "runs" else 3 for name in TABLES}
    assert MetricsStorage(base).load_run("run-1").status == Status.COMPLETED
    assert not [*base.glob("csv/*.tmp")]


@pytest.mark.usefixtures("_no_waiting_for_the_disk")
def test_a_process_that_ends_before_any_step_leaves_files_that_parse_and_can_be_gone_on_with(tmp_path: Path) -> None:
    base = tmp_path / "logs"
    for number in itertools.count(1):
        _before(base)
        child = os.fork()
        if child == 0:
            with pytest.MonkeyPatch.context() as patch:
                _failing_at(number, lambda: os.kill(os.getpid(), signal.SIGKILL), patch)
                _everything(base)
            os._exit(0)
        killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        _finished(base)
        shutil.rmtree(base)
        if not killed:
            break
    assert number > 60


@pytest.mark.usefixtures("_no_waiting_for_the_disk")
def test_a_disk_that_refuses_any_step_is_said_and_nothing_is_half_written(tmp_path: Path) -> None:
    base = tmp_path / "logs"

    def refuse() -> None:
        raise OSError(28, "No space left on device")

    for number in itertools.count(1):
        _before(base)
        with pytest.MonkeyPatch.context() as patch:
            calls = _failing_at(number, refuse, patch)
            refused = False
            try:
                _everything(base)
            except OSError as error:
                refused = error.errno == 28
            made = calls()
        assert refused == (made >= number)
        assert not list(base.rglob("*.tmp"))
        _finished(base)
        shutil.rmtree(base)
        if not refused:
            break
    assert number > 60


def test_a_storage_that_was_refused_goes_on_when_there_is_room(tmp_path: Path) -> None:
    storage = MetricsStorage(tmp_path)
    storage.export_issue_to_csv("run-1", issue(issue_id="1"))
    with pytest.MonkeyPatch.context() as patch:
        _failing_at(3, lambda: (_ for _ in ()).throw(OSError(28, "full")), patch)
        with pytest.raises(OSError, match="full"):
            storage.export_issue_to_csv("run-1", issue(issue_id="2"))
    storage.export_issue_to_csv("run-1", issue(issue_id="2"))
    storage.export_issue_to_csv("run-1", issue(issue_id="3"))
    assert [row["issue_id"] for row in table(tmp_path, "issues")] == ["1", "2", "3"]
    _check_readable(tmp_path)


def test_rows_of_several_processes_at_once_are_each_written_once(tmp_path: Path) -> None:
    processes = [_exporter(tmp_path, f"run-{number % 2}", 0, 12) for number in range(4)]
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    _check_readable(tmp_path)
    assert sizes(tmp_path)["issues"] == 2 * 12
    assert sizes(tmp_path)["agents"] == 2 * 12 * 2


def test_rows_of_several_threads_through_one_storage_are_each_written_once(tmp_path: Path) -> None:
    storage = MetricsStorage(tmp_path)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda number: export(storage, f"run-{number % 7}", number % 10), range(60)))
    _check_readable(tmp_path)
    assert sizes(tmp_path)["issues"] == len({(number % 7, number % 10) for number in range(60)})
