"""What was acknowledged survives kill -9, exactly once, whatever the moment."""

from __future__ import annotations

import random
import signal
import struct
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.journal.records import losses, records

PROCESSES, THREADS = 4, 3
WRITER = Path(__file__).parent / "killed_writer.py"


def acknowledged(path: Path) -> tuple[int, ...]:
    return struct.unpack(f"{THREADS}Q", path.read_bytes())


@pytest.mark.skipif(sys.platform == "win32", reason="has no SIGKILL")
@pytest.mark.parametrize("round_", range(3))
def test_every_acknowledged_event_is_there_once_after_random_kills(tmp_path: Path, round_: int) -> None:
    chance = random.Random(round_)
    counts = [tmp_path / f"{i}.acknowledged" for i in range(PROCESSES)]
    for path in counts:
        path.write_bytes(bytes(8 * THREADS))
    writers = [
        subprocess.Popen([sys.executable, str(WRITER), str(tmp_path / "home"), str(THREADS), str(path)])
        for path in counts
    ]
    # Each is killed once it has acknowledged so much, in whatever it does by then.
    targets = {i: chance.randrange(1, 8000) for i in range(PROCESSES)}
    while targets:
        for i, target in list(targets.items()):
            assert writers[i].poll() is None, "a writer ended by itself"
            if sum(acknowledged(counts[i])) >= target:
                writers[i].send_signal(signal.SIGKILL)
                del targets[i]
    for writer in writers:
        assert writer.wait() == -signal.SIGKILL
    found = Counter((record["run"], record.get("input_tokens", 0)) for record in records(tmp_path / "home"))
    assert max(found.values()) == 1
    for path in counts:
        for thread, count in enumerate(acknowledged(path)):
            run = f"{path}/{thread}"
            numbers = {number for name, number in found if name == run}
            assert numbers >= set(range(count)), "an acknowledged event is lost"
            assert numbers <= set(range(count + 1)), "at most the one being recorded is there unacknowledged"
    assert losses(tmp_path / "home").keys() <= {"torn record"}
    assert sum(losses(tmp_path / "home").values()) <= PROCESSES
