"""A journal directory knows who it is, whoever asks and however it was made."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agentgauge import files
from agentgauge.errors import JournalUnavailable
from agentgauge.journal.directory import JournalDirectory
from agentgauge.journal.scanner import is_dead
from agentgauge.journal.writer import Journal
from tests.components import require
from tests.journal.records import payload, values


def test_asking_makes_an_identity_that_stays(tmp_path: Path) -> None:
    first = JournalDirectory(tmp_path).id
    assert len(bytes.fromhex(first)) == 16
    assert JournalDirectory(tmp_path).id == first
    assert JournalDirectory(tmp_path / "other").id != first


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from agentgauge.journal.directory import JournalDirectory\n"
        "print(JournalDirectory(sys.argv[1]).id)\n"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    said = {process.communicate()[0] for process in started}
    assert said == {JournalDirectory(tmp_path).id + "\n"}


def test_a_copied_directory_gets_an_identity_of_its_own(tmp_path: Path) -> None:
    original = JournalDirectory(tmp_path / "a")
    known = original.id
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    copy = JournalDirectory(tmp_path / "b")
    assert copy.id != known
    assert copy.copied_from == known
    assert (JournalDirectory(tmp_path / "b").id, JournalDirectory(tmp_path / "a").id) == (copy.id, known)


def test_a_moved_directory_keeps_its_identity(tmp_path: Path) -> None:
    known = JournalDirectory(tmp_path / "a").id
    (tmp_path / "a").rename(tmp_path / "b")
    assert JournalDirectory(tmp_path / "b").id == known


@pytest.mark.parametrize("damage", [b"", b'{"id":"\xff"}'], ids=["empty", "no text"])
def test_a_damaged_identity_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    directory = JournalDirectory(tmp_path)
    known = directory.id
    (directory.path / "id").write_bytes(damage)
    assert JournalDirectory(tmp_path).id != known


def test_looking_at_a_directory_that_is_not_there_makes_nothing(tmp_path: Path) -> None:
    directory = JournalDirectory(tmp_path / "nowhere")
    assert (directory.segments(), directory.total_bytes()) == ([], 0)
    assert not (tmp_path / "nowhere").exists()


def test_a_reused_process_id_makes_no_segment_live(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path)
    journal.append(payload(journal, 1))
    (ours,) = journal.directory.segments()
    assert not is_dead(ours)
    # A segment that says our own process id, which is alive, and whose writer is gone.
    host, pid, nonce, sequence = ours.name.split("-")
    assert int(pid) == os.getpid()
    left = ours.with_name(f"{host}-{pid}-{'0' * len(nonce)}-{sequence}")
    shutil.copy(ours, left)
    assert is_dead(left)
    journal.close()
    assert is_dead(ours)


def test_what_a_crash_left_of_a_segment_being_made_is_removed_once_it_is_old(tmp_path: Path) -> None:
    directory = JournalDirectory(tmp_path)
    directory.make()
    old, young = directory.path / "h-1-a-000000.tmp", directory.path / "h-2-b-000000.tmp"
    for path in (old, young):
        path.touch()
    os.utime(old, (0, 0))
    JournalDirectory(tmp_path).make()
    assert (old.exists(), young.exists()) == (False, True)


def test_a_home_that_may_not_be_written_is_named_with_what_to_do(tmp_path: Path) -> None:
    """Run without root's privileges, for which nothing is read-only."""
    require(sys.platform != "win32" and os.getuid() == 0, "root, to become another user")
    tmp_path.chmod(0o755)
    code = (
        "import os, sys\n"
        "from agentgauge.journal.writer import Journal\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "from agentgauge.errors import JournalUnavailable\n"
        "try: Journal.open(sys.argv[1])\n"
        "except JournalUnavailable as error: print(error.errno, error)"
    )
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    said = subprocess.run([sys.executable, "-c", code, str(home)], capture_output=True, text=True, check=False)
    assert said.stdout.startswith("13 "), said.stderr
    assert str(home / "journal") in said.stdout
    assert "AGENTGAUGE_HOME" in said.stdout


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    with pytest.raises(JournalUnavailable, match="cannot write the journal"):
        Journal.open(tmp_path / "home")


def test_a_clone_taken_while_recording_goes_its_own_way(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "a")
    for value in range(3):
        journal.append(payload(journal, value))
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    with_clone = Journal.open(tmp_path / "b")
    with_clone.append(payload(with_clone, 10))
    journal.append(payload(journal, 3))
    journal.close()
    with_clone.close()
    assert values(tmp_path / "a") == [0, 1, 2, 3]
    assert sorted(values(tmp_path / "b")) == [0, 1, 2, 10]
    assert json.loads((tmp_path / "b/journal/id").read_text())["copied_from"] == JournalDirectory(tmp_path / "a").id


def test_every_directory_that_is_made_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(files, "sync_directory", lambda path: synced.append(Path(path)))
    JournalDirectory(tmp_path / "a" / "home").make()
    assert synced == [tmp_path, tmp_path / "a", tmp_path / "a" / "home", tmp_path / "a" / "home" / "journal"]
