"""A server that is killed or stopped under load has everything that it acknowledged, exactly once, retries included."""

from __future__ import annotations

import http.client
import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from agentgauge.lake import Lake
from agentgauge.pricing import PriceBook
from agentgauge.settings.recording import get_settings
from tests.servers.serving import Served, served

SENDERS = 4
SECONDS = 60


class Sent:
    """Batches by name, and what became of them."""

    def __init__(self) -> None:
        self.acknowledged: set[str] = set()
        self._enough = threading.Condition()

    def acknowledge(self, batch: list[str]) -> None:
        with self._enough:
            self.acknowledged.update(batch)
            self._enough.notify_all()

    def wait_for(self, more: int) -> None:
        """Until so many more events have been acknowledged."""
        with self._enough:
            wanted = len(self.acknowledged) + more
            assert self._enough.wait_for(lambda: len(self.acknowledged) >= wanted, SECONDS)


class Sender:
    """Sends batches, one after the other, and the one that got no answer first of all again."""

    def __init__(self, number: int, sent: Sent) -> None:
        self._number = number
        self._sent = sent
        self._random = random.Random(number)
        self._batches = 0
        self._due: list[str] | None = None
        self.refused = 0

    def send_until(self, url: str, ended: threading.Event) -> None:
        """Returns when the server is gone, or, the test having failed, when `ended` is set and nothing is due."""
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=SECONDS)
        try:
            while self._due is not None or not ended.is_set():
                if self._due is None:
                    self._batches += 1
                    size = self._random.randint(1, 20)
                    self._due = [f"{self._number}/{self._batches}/{index}" for index in range(size)]
                if not self._send(connection, self._due):
                    return
                self._due = None
        except (OSError, http.client.HTTPException):  # killed: what was due is sent to the next server
            return
        finally:
            connection.close()

    def _send(self, connection: http.client.HTTPConnection, batch: list[str]) -> bool:
        # Every other sender leaves the ids to the key of the request.
        keyed = self._number % 2 == 0
        key = batch[0].rpartition("/")[0]
        lines = [
            {"kind": "task", "time": "2026-11-21T10:00:00Z", "name": name} | ({} if keyed else {"source_id": name})
            for name in batch
        ]
        headers = {"Content-Type": "application/x-ndjson"} | ({"Idempotency-Key": key} if keyed else {})
        connection.request("POST", "/api/v1/events", "\n".join(map(json.dumps, lines)), headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status == 503:
            self.refused += 1
            return False
        assert answer.status == 200, body
        assert json.loads(body) == {"accepted": len(batch), "rejected": []}
        self._sent.acknowledge(batch)
        return True


@contextmanager
def under_load(server: Served, senders: list[Sender]) -> Iterator[None]:
    """Senders go on until the server is gone."""
    ended = threading.Event()
    with ThreadPoolExecutor(len(senders)) as pool:
        running = [pool.submit(sender.send_until, server.url, ended) for sender in senders]
        try:
            yield
        finally:
            ended.set()
        for sending in running:
            sending.result()


def stored(home: Path) -> Counter[str]:
    with Lake(get_settings(home, {}).home, PriceBook.load()).snapshot() as snapshot:
        return Counter(dict(snapshot.connection.execute("SELECT name, count(*) FROM events GROUP BY 1").fetchall()))


def killed_and_stopped(home: Path, kills: int, *options: str, environment: dict[str, str] | None = None) -> None:
    """Kill so many servers under load, each of which is sent again what the one before did not answer; ask the last
    to end.
    """
    moments = random.Random(4)
    sent = Sent()
    senders = [Sender(number, sent) for number in range(SENDERS)]
    for _ in range(kills):
        with served(home, *options, environment=environment) as server, under_load(server, senders):
            sent.wait_for(moments.randint(50, 400))
            server.kill()
    with served(home, *options, environment=environment) as server, under_load(server, senders):
        sent.wait_for(200)
        assert server.stop() == 0
    there = stored(home)
    assert not sent.acknowledged - there.keys()
    assert set(there.values()) == {1}


def test_a_server_on_sqlite_that_is_killed_or_stopped_has_what_it_acknowledged_once(tmp_path: Path) -> None:
    killed_and_stopped(tmp_path, 2)


def test_a_server_on_postgresql_that_is_killed_or_stopped_has_what_it_acknowledged_once(
    tmp_path: Path, postgres_url: str
) -> None:
    killed_and_stopped(tmp_path, 1, environment={"AGENTGAUGE_DATABASE_URL": postgres_url})


def test_several_processes_that_are_killed_or_stopped_have_what_they_acknowledged_once(tmp_path: Path) -> None:
    killed_and_stopped(tmp_path, 1, "--workers", "2")
