"""`agentgauge keys`: what a person and a script see."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentgauge.service.security.tokens import read_token
from tests.cli.conftest import Run


def test_a_key_alone_goes_to_standard_output(run: Run, tmp_path: Path) -> None:
    made = run("keys", "create", "ci", "--scope", "ingest", "--project", "shop", "--expires", "90d", "--home", tmp_path)
    token = read_token(made.stdout.strip())
    assert token is not None
    assert made.stdout == f"{token.text}\n"
    assert f"key {token.prefix} for ingest of shop, until " in made.stderr


def test_keys_are_listed_without_their_secrets(run: Run, document: Callable[..., Any], tmp_path: Path) -> None:
    key = run("keys", "create", "the team", "--home", tmp_path).stdout.strip()
    ended = run("keys", "create", "ci", "--scope", "admin", "--home", tmp_path).stdout.strip()
    assert run("keys", "revoke", ended.split("_")[1], "--home", tmp_path).exit_code == 0
    shown = run("keys", "list", "--home", tmp_path).stdout
    assert shown.splitlines()[2].split()[:5] == [key.split("_")[1], "the", "team", "read", "all"]
    assert "revoked" in shown.splitlines()[3]
    assert key.split("_")[2] not in shown
    listed = document("keys", "list", "--home", tmp_path)
    assert [(one["name"], one["scopes"], one["valid"]) for one in listed] == [
        ("the team", ["read"], True),
        ("ci", ["admin"], False),
    ]
    assert key.split("_")[2] not in str(listed)


def test_a_home_without_keys_says_what_that_means(run: Run, tmp_path: Path) -> None:
    assert "open to its own machine" in run("keys", "list", "--home", tmp_path).stdout
    assert not list(tmp_path.iterdir())


def test_scripts_get_the_key_as_json(document: Callable[..., Any], tmp_path: Path) -> None:
    made = document("keys", "create", "ci", "--scope", "ingest", "--scope", "read", "--home", tmp_path)
    assert read_token(made["key"]) is not None
    assert (made["scopes"], made["projects"], made["valid"]) == (["ingest", "read"], None, True)
    revoked = document("keys", "revoke", made["prefix"], "--home", tmp_path)
    assert revoked["valid"] is False
    assert "key" not in revoked


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "x", "--scope", "write"), "ingest, read, admin, not write"),
        (("create", "x", "--scope", "admin", "--project", "shop"), "admin is of the whole server"),
        (("create", "x", "--expires", "soon"), "is no time"),
        (("create", "x", "--expires", "yesterday"), "expired before it is made"),
        (("create", ""), "a name of 1 to 100 characters"),
        (("revoke", "00000000"), "no key has the prefix 00000000"),
    ],
)
def test_a_mistake_is_one_line(arguments: tuple[str, ...], said: str, run: Run, tmp_path: Path) -> None:
    result = run("keys", *arguments, "--home", tmp_path)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_keys_of_a_server_on_postgresql_are_made_there(
    postgres_url: str, document: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AGENTGAUGE_DATABASE_URL", postgres_url)
    made = document("keys", "create", "ci", "--home", tmp_path)
    assert document("keys", "list", "--home", tmp_path / "another home")[0]["prefix"] == made["prefix"]
    assert not (tmp_path / "state.db").exists()
