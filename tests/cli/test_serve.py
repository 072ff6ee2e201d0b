"""`agentgauge serve` as users run it: when it says that it is ready, how it stops, what it refuses."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from typer.testing import Result

import agentgauge
from agentgauge.meter import Meter
from agentgauge.settings import get_settings
from tests.components import require
from tests.servers.ports import free_port
from tests.servers.serving import Served, served, start

EVERYWHERE = "0.0.0.0"  # noqa: S104 - that it is refused is what is tested
_BODY = b'{"events": [{"kind": "tool_call", "name": "grep", "time": "2026-03-02T10:00:00Z"}]}'
Run = Callable[..., Result]


@contextmanager
def _logging(home: Path, *options: str, **more: Any) -> Iterator[tuple[Served, IO[str]]]:
    """A server, and its log as it is written; the log ends when the last of its processes has ended."""
    reading, writing = os.pipe()
    with os.fdopen(reading) as log, ExitStack() as stack:
        with os.fdopen(writing, "w") as errors:
            server = stack.enter_context(served(home, *options, errors=errors, **more))
        yield server, log


def _until(log: IO[str], words: str) -> dict[str, Any]:
    """The first line of the log from here on whose message has these words."""
    for line in log:
        said = json.loads(line)
        if re.search(words, said["message"]):
            assert isinstance(said, dict)
            return said
    raise AssertionError(f"the log ended without {words!r}")


def _ask(url: str, **how: Any) -> Any:
    answer = httpx.get(url, timeout=30, **how)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _begin_sending(server: Served) -> socket.socket:
    """A request that has begun: its route waits for the body, which does not come yet."""
    to = urlsplit(server.url)
    assert to.hostname is not None
    sender = socket.create_connection((to.hostname, to.port or 0))
    head = f"POST /api/v1/events HTTP/1.1\r\nHost: {to.netloc}\r\nContent-Type: application/json\r\n"
    sender.sendall(f"{head}Content-Length: {len(_BODY)}\r\nExpect: 100-continue\r\n\r\n".encode())
    assert sender.recv(100).startswith(b"HTTP/1.1 100")
    sender.sendall(_BODY[:5])
    return sender


def _send_the_rest(sender: socket.socket) -> bytes:
    sender.sendall(_BODY[5:])
    answer = b""
    while more := sender.recv(1000):
        answer += more
    return answer


def test_one_line_says_where_requests_are_answered_and_a_signal_ends_it_in_order(tmp_path: Path) -> None:
    with _logging(tmp_path / "home") as (server, log):
        assert re.fullmatch(rf"agentgauge: serving {tmp_path}/home on http://127\.0\.0\.1:\d+.*\n", server.said)
        assert _ask(f"{server.url}/healthz") == {"status": "alive"}
        assert _ask(f"{server.url}/readyz")["status"] == "ready"
        assert _ask(f"{server.url}/api/v1/metrics/summary")["success"]
        assert server.stop() == 0
        # And nothing else; a request is logged once its answer has been sent, so maybe a moment later.
        assert sorted(json.loads(line)["message"].split()[0] for line in log) == ["GET", "stopping:"]


def test_ctrl_c_ends_all_workers_in_order(tmp_path: Path) -> None:
    with served(tmp_path / "home", "--workers", "2") as server:
        os.killpg(server.process.pid, signal.SIGINT)  # a terminal tells the whole group
        server.process.communicate()
        assert server.process.returncode == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_a_request_that_has_begun_is_answered_before_the_end(tmp_path: Path, workers: int) -> None:
    with _logging(tmp_path / "home", "--workers", str(workers)) as (server, log), _begin_sending(server) as sender:
        server.process.send_signal(signal.SIGTERM)
        _until(log, "stopping")
        assert _send_the_rest(sender).startswith(b"HTTP/1.1 2")
        server.process.communicate()
        assert server.process.returncode == 0
    with Meter(get_settings(tmp_path / "home")).reading() as snapshot:
        assert snapshot.connection.execute("SELECT count(*) FROM events").fetchall() == [(1,)]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_second_signal_does_not_wait_for_requests(tmp_path: Path, workers: int) -> None:
    with _logging(tmp_path / "home", "--workers", str(workers)) as (server, log), _begin_sending(server):
        server.process.send_signal(signal.SIGTERM)
        _until(log, "stopping")
        server.process.send_signal(signal.SIGTERM)
        server.process.communicate()
        assert server.process.returncode == 1


_ENDLESS = """
import threading
from agentgauge.service import readiness
from agentgauge.service.processes import answering

def look(self):
    print("asked", flush=True)
    threading.Event().wait()

readiness.ReadinessProbe.look = look
answering.GRACE_SECONDS = 0.1
from agentgauge.cli import main
main()
"""


def test_a_question_that_does_not_end_is_not_waited_for(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _ENDLESS, "serve", "--home", str(tmp_path / "home"), "--port", "0"]
    server = start(command, os.environ)
    try:
        to = urlsplit(server.url)
        with socket.create_connection((to.hostname or "", to.port or 0)) as asking:
            asking.sendall(f"GET /readyz HTTP/1.1\r\nHost: {to.netloc}\r\n\r\n".encode())
            assert server.process.stdout is not None
            assert server.process.stdout.readline() == "asked\n"
            assert server.stop() == 0
    finally:
        if server.process.poll() is None:
            server.kill()


def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    with _logging(tmp_path / "home", "--workers", "2") as (server, log):
        before = psutil.Process(server.process.pid).children()
        assert len(before) == 2
        before[0].kill()
        _until(log, f"worker {before[0].pid} ended with -9 and is replaced")
        _until(log, "is ready")
        after = {child.pid for child in psutil.Process(server.process.pid).children()}
        assert len(after) == 2
        assert before[0].pid not in after
        assert _ask(f"{server.url}/readyz")["status"] == "ready"
        assert server.stop() == 0


def test_workers_end_when_the_process_that_watches_is_killed(tmp_path: Path) -> None:
    with _logging(tmp_path / "home", "--workers", "2") as (server, log):
        server.process.kill()
        server.process.communicate()
        log.read()  # to its end, which comes when no process has it open


def test_what_a_killed_server_shared_is_removed_by_the_next(tmp_path: Path) -> None:
    runs = tmp_path / "home" / "run"
    with served(tmp_path / "home") as server:
        (left,) = (path for path in runs.iterdir() if path.is_dir())
        server.kill()
    with served(tmp_path / "home") as server:
        assert not left.exists()
        assert server.stop() == 0
    assert not [path for path in runs.iterdir() if path.is_dir()]


def test_systemd_is_told_when_it_is_ready_and_when_it_stops(tmp_path: Path) -> None:
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(address))
        with served(tmp_path / "home", "--workers", "2", environment={"NOTIFY_SOCKET": str(address)}) as server:
            assert systemd.recv(100) == b"READY=1"
            assert server.stop() == 0
        assert systemd.recv(100) == b"STOPPING=1"


def test_each_request_has_one_line_without_what_was_asked(tmp_path: Path) -> None:
    with agentgauge.open(tmp_path / "home", project="secret") as gauge:
        gauge.tool_call("grep")
    with _logging(tmp_path / "home") as (server, log):
        _ask(f"{server.url}/healthz")
        _ask(f"{server.url}/api/v1/metrics/summary?project=secret")
        line = _until(log, "/api/")
        assert line["message"] == "GET /api/v1/metrics/summary"
        assert (line["level"], line["status"], line["principal"]) == ("info", 200, "local")
        assert line["ms"] > 0
        assert line["request"]
        assert "secret" not in json.dumps(line)
        assert server.stop() == 0


def test_a_server_that_keeps_nothing_says_so_and_refuses_events(tmp_path: Path) -> None:
    with _logging(tmp_path / "home", "--no-jobs", environment={"AGENTGAUGE_DISABLED": "1"}) as (server, log):
        refused = httpx.post(f"{server.url}/api/v1/events", json={"kind": "mark", "name": "x"}, timeout=60)
        assert (refused.status_code, "Retry-After" in refused.headers) == (503, True)
        assert "AGENTGAUGE_DISABLED=1" in refused.json()["error"]["message"]
        server.stop()
        assert "AGENTGAUGE_DISABLED=1" in _until(log, "events that are sent will be refused")["message"]


def test_a_setting_that_is_mistyped_is_warned_of(tmp_path: Path) -> None:
    with _logging(tmp_path, "--no-jobs", environment={"AGENTGAUGE_RETENTION_DAYZ": "30"}) as (_, log):
        warning = _until(log, "AGENTGAUGE_RETENTION_DAYZ is no setting")
    assert (warning["level"], warning["message"].endswith("did you mean AGENTGAUGE_RETENTION_DAYS?")) == (
        "warning",
        True,
    )


def test_it_answers_over_tls(tmp_path: Path) -> None:
    certificate, key = _certificate(tmp_path)
    with served(tmp_path / "home", "--tls-cert", str(certificate), "--tls-key", str(key)) as server:
        assert server.url.startswith("https://127.0.0.1:")
        trusting = ssl.create_default_context(cafile=certificate)
        assert _ask(f"{server.url}/healthz", verify=trusting) == {"status": "alive"}
        assert server.stop() == 0


def _certificate(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    try:
        subprocess.run([*command, *names, "-out", certificate, "-keyout", key], check=True, capture_output=True)
    except FileNotFoundError:
        require(False, "openssl")
    return certificate, key


def _refused(run: Run, *options: object) -> str:
    """What a server says that does not start."""
    result = run("serve", *options)
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    return str(result.stderr)


def test_a_port_in_use_is_refused_with_advice(run: Run, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = _refused(run, "--home", tmp_path / "home", "--port", port)
    assert f"port {port} of 127.0.0.1 is in use" in said
    assert "--port" in said


def test_an_address_of_no_machine_or_of_another_is_refused(run: Run, tmp_path: Path) -> None:
    assert "is no address of this machine" in _refused(run, "--home", tmp_path, "--host", "nowhere.invalid")
    assert "is no address of this machine" in _refused(run, "--home", tmp_path, "--host", "192.0.2.1")


def test_settings_that_make_no_sense_are_refused(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "begins with /" in _refused(run, "--home", tmp_path, "--root-path", "gauge")
    assert "--tls-cert" in _refused(run, "--home", tmp_path, "--tls-key", tmp_path / "key.pem")
    assert "no.pem cannot be used" in _refused(run, "--home", tmp_path, "--tls-cert", tmp_path / "no.pem")
    monkeypatch.setenv("AGENTGAUGE_LOG_LEVEL", "loud")
    assert "AGENTGAUGE_LOG_LEVEL='loud': use one of debug" in _refused(run, "--home", tmp_path)


def test_a_home_that_is_a_file_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    assert "cannot be the home" in _refused(run, "--home", tmp_path / "home")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_address_that_others_reach_is_refused_without_keys(tmp_path: Path, workers: str) -> None:
    said = _said_by_one_that_does_not_start(
        "--home", str(tmp_path / "home"), "--host", EVERYWHERE, "--workers", workers
    )
    assert "agentgauge keys create" in said


def test_state_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    with sqlite3.connect(tmp_path / "home" / "state.db") as state:
        state.execute("PRAGMA user_version = 9999")
    state.close()
    assert "9999" in _said_by_one_that_does_not_start("--home", str(tmp_path / "home"))


def _said_by_one_that_does_not_start(*options: str) -> str:
    command = ["serve", "--port", str(free_port()), *options]
    done = subprocess.run(
        [sys.executable, "-c", "from agentgauge.cli import main; main()", *command],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    return done.stderr
