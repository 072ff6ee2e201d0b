"""Where a server may listen, and what it takes for its own machine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentgauge.errors import SettingsError
from agentgauge.service.security.addresses import is_loopback, names_loopback
from agentgauge.service.security.binding import check_binding
from agentgauge.service.security.keys import issue, revoke
from agentgauge.settings.server import get_server_settings
from agentgauge.state.keys import KeyBook
from agentgauge.state.opening import shared_state

OUTSIDE = ("0.0.0.0", "::", "", "192.168.1.7", "fe80::1%eth0", "no.such.host.invalid")  # noqa: S104 - what is refused


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "::ffff:127.0.0.1"])
def test_loopback_needs_no_key(host: str, tmp_path: Path) -> None:
    settings = get_server_settings(tmp_path)
    check_binding(host, settings, shared_state(settings))
    assert is_loopback(host)
    assert not list(tmp_path.iterdir()), "asking writes nothing"


@pytest.mark.parametrize("host", OUTSIDE)
def test_any_other_address_is_refused_with_the_command_that_makes_a_key(host: str, tmp_path: Path) -> None:
    settings = get_server_settings(tmp_path)
    with pytest.raises(SettingsError, match="agentgauge keys create"):
        check_binding(host, settings, shared_state(settings))


def test_a_key_that_can_be_used_lets_it_listen_anywhere(tmp_path: Path) -> None:
    settings = get_server_settings(tmp_path)
    store, now = shared_state(settings), datetime.now(UTC)
    book = KeyBook(store)
    ended = issue(book, "old", ["admin"], actor="test", now=now - timedelta(days=2), expires=now - timedelta(days=1))
    revoked = issue(book, "lost", ["admin"], actor="test", now=now)
    revoke(book, revoked.token.prefix, actor="test", now=now)
    assert not ended.key.is_valid(now)
    with pytest.raises(SettingsError):
        check_binding("0.0.0.0", settings, store)  # noqa: S104 - what is refused
    issue(book, "new", ["read"], actor="test", now=now)
    check_binding("0.0.0.0", settings, store)  # noqa: S104 - with a key it may


def test_sign_in_lets_it_listen_anywhere(tmp_path: Path) -> None:
    settings = get_server_settings(
        tmp_path,
        {
            "AGENTGAUGE_OIDC_ISSUER": "https://accounts.example.org",
            "AGENTGAUGE_OIDC_CLIENT_ID": "gauge",
            "AGENTGAUGE_OIDC_CLIENT_SECRET": "a secret of the client",
            "AGENTGAUGE_PUBLIC_URL": "https://gauge.example.org",
            "AGENTGAUGE_OIDC_READERS": "@example.org",
        },
    )
    check_binding("0.0.0.0", settings, shared_state(settings))  # noqa: S104 - with sign-in it may


@pytest.mark.parametrize(
    ("header", "own"),
    [
        ("localhost", True),
        ("LOCALHOST:8000", True),
        ("127.0.0.1:8000", True),
        ("[::1]:8000", True),
        ("evil.example.org", False),
        ("localhost.evil.example.org", False),
        ("127.0.0.1.evil.example.org", False),
        ("", False),
        ("10.0.0.1", False),
    ],
)
def test_a_host_header_names_this_machine_only_by_names_that_no_other_has(header: str, own: bool) -> None:
    assert names_loopback(header) is own
