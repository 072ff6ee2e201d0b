"""Messages reach real receivers, and what is said of those that do not has no secrets."""

from __future__ import annotations

import os
import shutil
import signal
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import msgspec
import pytest

from agentgauge.service.notifying.post import Message, Posted, Posting
from agentgauge.service.notifying.redaction import redacted, secrets_of
from agentgauge.service.notifying.sending import SECONDS, Sender
from agentgauge.settings.secret import Secret
from tests.components import require
from tests.servers.ports import free_port
from tests.service.notifying.receivers import http_receiver, mail_server

MESSAGE = Message(
    id="ag-7f3c", subject="critical: coder costs 12 €", body="Zürich: 12 € of 10 €\nsecond line", tone="failure"
)

BARE = Message(id="ag-7f3c-bare", subject="1 alert", body="alert 7")
TOLD = Posted(is_told=True)


def send(url: str, message: Message = MESSAGE, seconds: float = 60) -> str:
    with Sender(seconds) as sender:
        return sender.send(Secret(url), message).problem


def test_a_webhook_gets_subject_body_and_an_id_that_a_repetition_has_too() -> None:
    with http_receiver() as received, Sender() as sender:
        assert [sender.send(Secret(received.url), MESSAGE) for _ in range(2)] == [TOLD, TOLD]
    ((path, headers, body), again) = received.all
    assert path == "/hooks/T0ps3cret"
    assert (body["title"], body["message"], body["type"]) == (MESSAGE.subject, MESSAGE.body, "failure")
    assert headers["Idempotency-Key"] == again[1]["Idempotency-Key"] == "ag-7f3c"


def test_a_mail_is_plain_text_with_an_id_that_a_repetition_has_too() -> None:
    with mail_server() as received, Sender() as sender:
        assert [sender.send(Secret(received.url), MESSAGE) for _ in range(2)] == [TOLD, TOLD]
    first, again = received.messages
    assert (first["To"], first["From"], first["Subject"]) == ("ops@example.org", "gauge@example.org", MESSAGE.subject)
    assert first.get_content_type() == "text/plain"
    assert first.get_content().splitlines() == MESSAGE.body.splitlines()
    assert first.get_all("Message-ID") == again.get_all("Message-ID") == ["<ag-7f3c@localhost>"]


def test_a_mail_server_that_wants_a_password_gets_it() -> None:
    with mail_server(password="c0rrect-horse") as received:
        place = f"localhost:{received.port}?from=gauge@example.org&to=ops@example.org&mode=insecure"
        assert send(f"mailto://gauge:c0rrect-horse@{place}") == ""
        problem = send(f"mailto://gauge:wr0ng-horse@{place}")
    assert len(received.messages) == 1
    assert "535" in problem
    assert "horse" not in problem


def test_a_mail_goes_encrypted_to_who_has_a_certificate_that_is_believed(tmp_path: Path) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(*_certificate(tmp_path))
    with mail_server(password="c0rrect-horse", tls=tls) as received:
        url = f"mailtos://gauge:c0rrect-horse@localhost:{received.port}?from=gauge@example.org&to=ops@example.org"
        assert "self-signed certificate" in send(url)
        assert received.messages == []
        assert send(f"{url}&verify=no") == ""
    assert len(received.messages) == 1


def _certificate(folder: Path) -> tuple[Path, Path]:
    """That nobody has signed."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    try:
        subprocess.run([*command, "-out", certificate, "-keyout", key], check=True, capture_output=True)
    except FileNotFoundError:
        require(False, "openssl")
    return certificate, key


def test_why_a_mail_could_not_be_sent_is_said() -> None:
    nobody = f"mailto://localhost:{free_port()}?from=a@example.org&to=b@example.org"
    assert "Connection refused" in send(nobody)
    with mail_server() as received:
        assert "STARTTLS extension not supported" in send(f"{received.url}&mode=starttls")
    with mail_server(refuse="554 no such thing") as received:
        assert "554" in send(received.url)


def test_why_a_webhook_did_not_take_a_message_is_said_without_its_secrets() -> None:
    refused = send(f"json://localhost:{free_port()}/hooks/T0ps3cret")
    assert refused.endswith("Connection refused")
    with http_receiver() as received:
        for status, said in ((500, "error=500"), (403, "error=403"), (404, "error=404"), (302, "error=302")):
            received.status = status
            problem = send(f"json://user:pass%2Fword@localhost:{received.port}/hooks/T0ps3cret?+X-Key=k3y-of-us")
            assert said in problem
            assert not any(secret in problem for secret in ("T0ps3cret", "pass", "k3y-of-us", "user"))


def test_a_receiver_that_takes_a_connection_and_says_nothing_is_given_up() -> None:
    ended = threading.Event()
    with http_receiver(answer=lambda: ended.wait(60)) as received:
        problem = send(f"{received.url}?rto=0.2")
        assert "Read timed out" in problem
        assert send(f"{received.url}?rto=60", seconds=1) == "it did not answer within 1 s"
        ended.set()


_HURRIED = """
import runpy
from apprise import URLBase
URLBase.socket_read_timeout = 0.01
runpy.run_module("agentgauge.service.notifying", run_name="__main__")
"""


def test_a_receiver_that_is_slower_than_apprise_would_wait_is_told_once() -> None:
    is_over = threading.Event()
    with http_receiver(answer=lambda: not is_over.wait(0.1)) as received:
        posting = msgspec.json.encode(Posting(received.url, MESSAGE))
        ran = subprocess.run([sys.executable, "-c", _HURRIED], input=posting + b"\n", capture_output=True, check=True)
    assert msgspec.json.decode(ran.stdout, type=Posted) == TOLD
    assert len(received.all) == 1


def test_after_one_that_hung_the_next_channel_is_told() -> None:
    ended = threading.Event()
    with http_receiver(answer=lambda: ended.wait(60)) as deaf, http_receiver() as received, Sender(2) as sender:
        assert sender.send(Secret(f"{deaf.url}?rto=60"), MESSAGE).problem == "it did not answer within 2 s"
        ended.set()
        sender._seconds = SECONDS  # starting a process takes 2 s where a machine is busy
        assert sender.send(Secret(received.url), MESSAGE) == TOLD
    assert len(received.all) == 1


def test_what_a_web_server_refuses_for_what_it_says_is_told_in_other_words() -> None:
    with http_receiver() as received, Sender() as sender:
        received.refuses = "Zürich"
        posted = sender.send(Secret(received.url), MESSAGE, BARE)
    assert posted.is_told
    assert "told of alerts by number alone" in posted.problem
    assert "error=400" in posted.problem
    ((_, headers, body),) = received.all
    assert (body["message"], headers["Idempotency-Key"]) == ("alert 7", "ag-7f3c-bare")


def test_what_a_mail_server_refuses_for_what_it_says_is_told_in_other_words() -> None:
    with mail_server() as received, Sender() as sender:
        received.refuses = "critical: coder"
        posted = sender.send(Secret(received.url), msgspec.structs.replace(MESSAGE, subject="critical: coder"), BARE)
    assert posted.is_told
    assert "554" in posted.problem
    assert "looks like spam" in posted.problem
    assert [mail["Subject"] for mail in received.messages] == ["1 alert"]


@pytest.mark.parametrize("status", [401, 404, 429, 500, 503])
def test_who_refuses_for_another_reason_is_asked_once(status: int) -> None:
    asked: list[bool] = []

    def answer() -> bool:
        asked.append(True)
        return True

    with http_receiver(answer=answer) as received, Sender() as sender:
        received.status = status
        posted = sender.send(Secret(received.url), MESSAGE, BARE)
    assert (posted.is_told, len(asked)) == (False, 1)
    assert f"error={status}" in posted.problem


def test_who_takes_neither_words_is_not_told() -> None:
    with http_receiver() as received, Sender() as sender:
        received.status = 400
        assert not sender.send(Secret(received.url), MESSAGE, BARE).is_told


def test_where_some_of_those_in_a_url_are_told_it_is_told_and_said_who_was_not() -> None:
    with mail_server() as received, Sender() as sender:
        received.unknown = "left@example.org"
        posted = sender.send(Secret(f"{received.url},left@example.org,ann@example.org"), MESSAGE, BARE)
    assert [mail["To"] for mail in received.messages] == ["ops@example.org", "ann@example.org"]
    assert posted.is_told
    assert "not all were told" in posted.problem
    assert "550" in posted.problem
    assert "left@" not in posted.problem


def test_a_process_that_dies_while_it_sends_is_why_that_message_was_not_told_and_no_other() -> None:
    require(shutil.which("ps") is not None, "ps")
    before = _children()

    def kill() -> bool:
        for child in _children() - before:
            os.kill(child, signal.SIGKILL)
        return True

    with Sender() as sender, http_receiver() as received:
        with http_receiver(answer=kill) as deadly:
            posted = sender.send(Secret(deadly.url), MESSAGE)
        assert posted == Posted("the process that sends ended with -9")
        assert sender.send(Secret(received.url), MESSAGE) == TOLD


def _children() -> set[int]:
    """Those of this process, whoever asks for them left out."""
    with subprocess.Popen(["ps", "-A", "-o", "pid=,ppid="], stdout=subprocess.PIPE, text=True) as asked:
        assert asked.stdout is not None
        found = [tuple(map(int, line.split())) for line in asked.stdout]
    return {pid for pid, parent in found if parent == os.getpid() and pid != asked.pid}


@pytest.mark.parametrize("url", ["slack://short", "nonsense://T0ps3cret/x", "mailto://"])
def test_a_url_that_apprise_cannot_read_is_told_before_anything_is_sent(url: str) -> None:
    with Sender() as sender:
        problem = sender.check(Secret(url))
    assert problem.startswith("Apprise cannot read its URL")
    assert "T0ps3cret" not in problem
    assert "short" not in problem


def test_a_url_that_apprise_can_read_is_not_sent_anything_to() -> None:
    with http_receiver() as received, Sender() as sender:
        assert sender.check(Secret(received.url)) == ""
    assert received.all == []


def test_the_words_of_options_are_no_secrets() -> None:
    url = "mailto://localhost:25?from=a@example.org&to=b@example.org&mode=starttls"
    said = "STARTTLS from here to there: mode starttls"
    assert redacted(said, secrets_of(url)) == said


def test_what_a_token_is_in_is_hidden_wherever_it_stands() -> None:
    slack = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#ops"
    said = "Max retries exceeded with url: /services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    assert redacted(said, secrets_of(slack)) == "Max retries exceeded with url: /services/***/***/***"
    mail = "mailtos://us%40er:p%2Fa:ss@example.org:465?to=me@example.com&key=v%20w%21"
    hidden = redacted("us@er p/a:ss me@example.com 'v w!' at example.org:465", secrets_of(mail))
    assert not any(secret in hidden for secret in ("us@er", "p/a", "me@", "v w!"))
    assert hidden.endswith("at example.org:465")
