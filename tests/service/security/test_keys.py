"""API keys: how they are made, kept and verified."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentgauge.errors import NotFound, QueryError
from agentgauge.service.security.keys import Issued, expiry_of, issue, revoke
from agentgauge.service.security.principal import Principal, Scope
from agentgauge.service.security.tokens import new_token, prefix_in, read_token
from agentgauge.service.security.verifying import REMEMBERED_SECONDS, Verifier
from agentgauge.settings.server import get_server_settings
from agentgauge.state.keys import KeyBook
from agentgauge.state.opening import served_state, shared_state
from agentgauge.state.store import Store

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Clock:
    """Wall clock and timer that move together, when they are told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)

    def timer(self) -> float:
        return self.seconds


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return shared_state(get_server_settings(tmp_path))


@pytest.fixture
def book(store: Store) -> KeyBook:
    return KeyBook(store)


def made(book: KeyBook, *scopes: str, **more: object) -> Issued:
    return issue(book, "someone", scopes or ("read",), actor="test", now=NOW, **more)  # type: ignore[arg-type]


def test_a_key_has_192_random_bits_and_a_prefix_of_its_own() -> None:
    tokens = [new_token() for _ in range(200)]
    assert len({token.prefix for token in tokens}) == len({token.text for token in tokens}) == 200
    secret = tokens[0].text.removeprefix(f"agk_{tokens[0].prefix}_")
    assert len(bytes.fromhex(secret)) * 8 == 192


def test_nothing_of_the_secret_is_kept_or_shown(book: KeyBook, tmp_path: Path) -> None:
    token = made(book).token
    secret = token.text.rpartition("_")[2]
    assert secret not in repr(token)
    assert secret not in repr(book.all())
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert token.prefix.encode() in kept
    assert secret.encode() not in kept


@pytest.mark.parametrize(
    "text",
    ["", "agk_", "agk_0000_00", "sk-123", f"agk_{'0' * 8}_{'0' * 47}", f"agk_{'0' * 8}_{'g' * 48}", "agk_" * 999],
)
def test_other_text_is_no_key(text: str) -> None:
    assert read_token(text) is None


def test_a_key_opens_what_it_was_made_for(book: KeyBook) -> None:
    token = made(book, "read", "ingest", projects=["web", "shop"]).token
    principal = Verifier(book, lambda: NOW).verify(token)
    assert principal is not None
    assert principal.name == f"key {token.prefix}"
    assert principal.may("read")
    assert principal.may("ingest")
    assert not principal.may("admin")
    assert principal.projects == {"web", "shop"}


def test_the_server_is_administered_with_the_scope_for_all_projects() -> None:
    admin, reader = frozenset[Scope]({"admin"}), frozenset[Scope]({"read", "ingest"})
    assert Principal("root@example.org", admin).may_administer
    assert not Principal("web@example.org", admin, frozenset({"web"})).may_administer
    assert not Principal("ada@example.org", reader).may_administer


def test_a_right_prefix_with_another_secret_opens_nothing(book: KeyBook) -> None:
    prefix = made(book).token.prefix
    wrong = read_token(f"agk_{prefix}_{'0' * 48}")
    assert wrong is not None
    assert Verifier(book, lambda: NOW).verify(wrong) is None


def test_a_revoked_key_passes_for_two_seconds_at_most(book: KeyBook) -> None:
    clock, token = Clock(), made(book).token
    verifier = Verifier(book, clock.now, clock.timer)
    assert verifier.verify(token) is not None
    revoke(book, token.prefix, actor="another process", now=clock.now())
    assert verifier.remembered(token) is not None
    clock.seconds = REMEMBERED_SECONDS
    assert verifier.remembered(token) is None
    assert verifier.verify(token) is None


def test_a_key_ends_at_its_time_though_it_was_verified_just_before(book: KeyBook) -> None:
    clock, token = Clock(), made(book, expires=NOW + timedelta(seconds=1)).token
    verifier = Verifier(book, clock.now, clock.timer)
    assert verifier.verify(token) is not None
    clock.seconds = 1
    assert verifier.remembered(token) is None
    assert verifier.verify(token) is None


def test_when_a_key_was_used_is_written_once_a_minute(book: KeyBook) -> None:
    clock, token = Clock(), made(book).token
    verifier = Verifier(book, clock.now, clock.timer)
    for seconds, written in ((0, 0), (30, 0), (59, 0), (60, 60), (90, 60)):
        clock.seconds = seconds
        assert verifier.verify(token) is not None
        assert book.all()[0].last_used == NOW + timedelta(seconds=written)


def test_keys_are_needed_from_the_first_one_on_also_after_it_was_revoked(book: KeyBook) -> None:
    clock = Clock()
    verifier = Verifier(book, clock.now, clock.timer)
    assert not verifier.any()
    revoke(book, made(book).token.prefix, actor="test", now=NOW)
    assert not verifier.any(), "remembered"
    clock.seconds = REMEMBERED_SECONDS
    assert verifier.any()


def test_a_key_for_some_projects_cannot_be_for_administration(book: KeyBook) -> None:
    with pytest.raises(QueryError, match="whole server"):
        made(book, "admin", projects=["shop"])


@pytest.mark.parametrize(
    ("scopes", "more", "said"),
    [
        (("write",), {}, "not write"),
        (("read",), {"projects": []}, "at least one project"),
        (("read",), {"expires": NOW}, "expired before"),
    ],
)
def test_a_key_that_could_do_nothing_is_refused(
    scopes: tuple[str, ...], more: dict[str, object], said: str, book: KeyBook
) -> None:
    with pytest.raises(QueryError, match=said):
        made(book, *scopes, **more)


def test_a_key_is_revoked_by_its_prefix_or_by_itself(book: KeyBook) -> None:
    token = made(book).token
    assert prefix_in(token.text) == prefix_in(f"agk_{token.prefix}") == prefix_in(token.prefix) == token.prefix
    assert revoke(book, token.text, actor="test", now=NOW).revoked == NOW
    later = revoke(book, token.prefix, actor="test", now=NOW + timedelta(days=1))
    assert later.revoked == NOW, "a revoked key stays as it is"


def test_what_is_said_about_an_unknown_key_repeats_no_secret(book: KeyBook) -> None:
    with pytest.raises(NotFound) as raised:
        revoke(book, "agk_pasted_by_mistake_5ecret", actor="test", now=NOW)
    assert "5ecret" not in str(raised.value)


def test_an_end_is_written_as_a_time_from_now_or_a_date() -> None:
    assert expiry_of("90d", UTC, NOW) == NOW + timedelta(days=90)
    assert expiry_of("12 h", UTC, NOW) == NOW + timedelta(hours=12)
    assert expiry_of("2027-03-31", UTC, NOW) == datetime(2027, 3, 31, tzinfo=UTC)


def test_keys_are_kept_in_postgresql_as_in_the_file(
    postgres_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    store = served_state(get_server_settings(tmp_path, {"AGENTGAUGE_DATABASE_URL": postgres_url}))
    store.prepare()
    try:
        token = made(KeyBook(store), "admin").token
        assert Verifier(KeyBook(store), lambda: NOW).verify(token) is not None
    finally:
        store.close()
    assert token.text.rpartition("_")[2] not in caplog.text
