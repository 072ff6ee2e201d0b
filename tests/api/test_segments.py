"""Ranges of journals over HTTP: two processes receive for one segment, and a server that is killed goes on."""

from __future__ import annotations

import gzip
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

import agentgauge
from agentgauge.api.app import create_app
from agentgauge.journal.layout import read_header
from agentgauge.journal.scanner import scan
from agentgauge.lake import Lake
from agentgauge.pricing import PriceBook
from agentgauge.settings.server import get_server_settings
from tests.servers.serving import served

EVENTS = 400


class Source:
    """A journal of another machine."""

    def __init__(self, home: Path) -> None:
        with agentgauge.open(home=home) as gauge:
            for number in range(EVENTS):
                gauge.task(f"{number:04}")
            gauge.flush()
            (path,) = (home / "journal").glob("*.seg")
            self.data = path.read_bytes()[: scan(path, dead=False).end]
        header = read_header(self.data[:4096])
        assert header is not None
        self.url = f"/api/v1/journals/{header.journal}/{header.segment}"
        self.ends = [at + 1 for at in range(len(self.data)) if self.data[at : at + 1] == b"\n"]


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(tmp_path / "agent")


def names(home: Path) -> list[str]:
    with Lake(get_server_settings(home, {}).recording.home, PriceBook.load()).snapshot() as snapshot:
        found = snapshot.connection.execute("SELECT name FROM events ORDER BY name").fetchall()
    return [name for (name,) in found]


def test_a_sender_asks_where_to_go_on_and_closes(tmp_path: Path, source: Source) -> None:
    home, half = tmp_path / "server", source.ends[EVENTS // 2]
    with TestClient(create_app(get_server_settings(home, {})), base_url="http://localhost") as client:
        assert client.get(source.url).json() == {"end": 0, "closed": False}
        first = client.put(f"{source.url}?offset=0", content=source.data[:half])
        assert (first.status_code, first.json()) == (200, {"end": half, "closed": False})
        assert client.head(source.url).headers["X-High-Water-Mark"] == str(half)
        rest = gzip.compress(source.data[half:])
        last = client.put(f"{source.url}?offset={half}&closed=true", content=rest, headers={"Content-Encoding": "gzip"})
        assert last.json() == {"end": len(source.data), "closed": True}
    assert names(home) == [f"{number:04}" for number in range(EVENTS)]


def test_a_conflict_says_where_to_go_on_and_a_refusal_which_bytes_it_is_about(tmp_path: Path, source: Source) -> None:
    half, next_line = source.ends[EVENTS // 2], source.ends[EVENTS // 2 + 1]
    with TestClient(create_app(get_server_settings(tmp_path / "server", {})), base_url="http://localhost") as client:
        client.put(f"{source.url}?offset=0", content=source.data[:half])
        gap = client.put(f"{source.url}?offset={next_line}", content=source.data[next_line:])
        assert (gap.status_code, gap.headers["X-High-Water-Mark"]) == (409, str(half))
        damaged = source.data[half:].replace(b"task", b"tusk", 1)
        refused = client.put(f"{source.url}?offset={half}", content=damaged)
        assert (refused.status_code, refused.headers["X-Refused-Bytes"]) == (400, f"{half}-{next_line}")
        for path in ("/api/v1/journals/x/y", source.url.upper().replace("API/V1/JOURNALS", "api/v1/journals")):
            assert client.put(f"{path}?offset=0", content=b"").status_code in (404, 422)


def test_two_processes_that_receive_for_one_segment_write_it_once(tmp_path: Path, source: Source) -> None:
    home, together = tmp_path / "server", threading.Barrier(2)

    def send(url: str) -> None:
        with httpx.Client(base_url=url, timeout=60) as client:
            together.wait(60)
            end = 0
            for wanted in source.ends[::20] + source.ends[-1:]:
                if wanted > end:
                    answer = client.put(f"{source.url}?offset={end}", content=source.data[end:wanted])
                    assert answer.status_code == 200, answer.text
                    end = answer.json()["end"]
            assert end == len(source.data)

    with served(home, "--workers", "2", "--no-jobs") as server:
        with ThreadPoolExecutor(2) as senders:
            for sending in [senders.submit(send, server.url) for _ in range(2)]:
                sending.result()
        assert server.stop() == 0
    (replica,) = (home / "journal").glob("*@*.seg")
    assert replica.read_bytes() == source.data
    assert names(home) == [f"{number:04}" for number in range(EVENTS)]


def test_after_a_kill_the_sender_goes_on_where_the_server_says(tmp_path: Path, source: Source) -> None:
    home, acknowledged = tmp_path / "server", threading.Event()

    def send(url: str) -> None:
        with httpx.Client(base_url=url, timeout=60) as client:
            end = client.get(source.url).json()["end"]
            for wanted in source.ends[::20]:
                if wanted > end:
                    end = client.put(f"{source.url}?offset={end}", content=source.data[end:wanted]).json()["end"]
                if wanted > len(source.data) // 4:
                    acknowledged.set()
            client.put(f"{source.url}?offset={end}&closed=true", content=source.data[end:]).raise_for_status()

    with served(home, "--no-jobs") as server, ThreadPoolExecutor(1) as sender:
        sending = sender.submit(send, server.url)
        assert acknowledged.wait(60)
        server.kill()
        assert isinstance(sending.exception(), httpx.TransportError | type(None))
    with served(home, "--no-jobs") as server:
        send(server.url)
        assert server.stop() == 0
    assert names(home) == [f"{number:04}" for number in range(EVENTS)]
