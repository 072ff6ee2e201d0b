from __future__ import annotations

import pytest

from tests.components import require


def test_what_is_there_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    require(True, "nothing")


def test_a_newcomer_is_told_what_a_skipped_test_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="needs a tmpfs"):
        require(False, "a tmpfs")


def test_a_missing_component_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="lacks: a tmpfs"):
        require(False, "a tmpfs")
