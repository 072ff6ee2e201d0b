"""The keys of the API as they are kept."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import pytest

from agentgauge.errors import NotFound, StateError
from agentgauge.state.audit import AuditLog
from agentgauge.state.keys import ApiKey, KeyBook
from agentgauge.state.store import Store

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def create(
    book: KeyBook, prefix: str = "ag_1", projects: Collection[str] | None = None, expires: datetime | None = None
) -> ApiKey:
    return book.create(
        name="ci", prefix=prefix, hash="0f3a", scopes={"read", "ingest"}, projects=projects, at=NOON, expires=expires,
        actor="ann",
    )  # fmt: skip


def test_a_key_is_found_by_its_prefix(store: Store) -> None:
    book = KeyBook(store)
    assert book.all() == ()
    assert book.by_prefix("ag_1") is None
    key = create(book, projects={"shop", "blog"}, expires=NOON + DAY)
    assert (key.id, key.hash, key.scopes, key.projects) == (1, "0f3a", {"read", "ingest"}, {"shop", "blog"})
    assert book.by_prefix("ag_1") == key
    assert create(book, "ag_2").projects is None
    assert [key.prefix for key in book.all()] == ["ag_1", "ag_2"]
    with pytest.raises(StateError):
        create(book, "ag_2")


def test_a_key_is_valid_until_it_expires_or_is_revoked(store: Store) -> None:
    book = KeyBook(store)
    key = create(book, expires=NOON + DAY)
    assert key.is_valid(NOON)
    assert not key.is_valid(NOON + DAY)
    revoked = book.revoke(key.id, NOON + DAY / 2, "bob")
    assert not revoked.is_valid(NOON)
    assert book.revoke(key.id, NOON + DAY, "ann").revoked == NOON + DAY / 2
    with pytest.raises(NotFound, match="no key 7"):
        book.revoke(7, NOON, "ann")


def test_acts_are_noted_without_the_hash_and_use_changes_nothing_for_caches(store: Store) -> None:
    book = KeyBook(store)
    key = create(book)
    book.revoke(key.id, NOON, "bob")
    before = store.changes("keys")
    book.used(key.id, NOON + DAY)
    assert book.all()[0].last_used == NOON + DAY
    assert store.changes("keys") == before == (2,)
    revoked, created = AuditLog(store).acts(subject="key 1")
    assert (created.actor, created.act, revoked.actor, revoked.act) == ("ann", "key.created", "bob", "key.revoked")
    assert "0f3a" not in f"{created.detail}{revoked.detail}"
