"""Settings come from the environment, once, and say what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentgauge.errors import SettingsError
from agentgauge.settings import get_settings, resolve_home


def test_without_a_variable_everything_has_a_default(tmp_path: Path) -> None:
    settings = get_settings(tmp_path, {})
    assert (settings.enabled, settings.persist, settings.flush_ms) == (True, True, 50)
    assert settings.home.root == tmp_path
    assert settings.home.lake == str(tmp_path / "lake")


@pytest.mark.parametrize(
    "environment", [{"AGENTGAUGE_DISABLED": "1"}, {"ENABLE_METRICS": "false"}, {"ENABLE_METRICS": "0"}]
)
def test_one_switch_has_two_names(tmp_path: Path, environment: dict[str, str]) -> None:
    assert not get_settings(tmp_path, environment).enabled


def test_an_argument_wins_over_the_environment(tmp_path: Path) -> None:
    assert get_settings(tmp_path / "a", {"AGENTGAUGE_HOME": str(tmp_path / "b")}).home.root == tmp_path / "a"
    assert get_settings(None, {"AGENTGAUGE_HOME": str(tmp_path / "b")}).home.root == tmp_path / "b"


@pytest.mark.parametrize(
    ("variable", "value"),
    [("AGENTGAUGE_DISABLED", "maybe"), ("AGENTGAUGE_FLUSH_MS", "-1"), ("AGENTGAUGE_JOURNAL_MAX_MB", "big")],
)
def test_a_value_that_cannot_be_used_is_named_with_its_variable(tmp_path: Path, variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{variable}='{value}'"):
        get_settings(tmp_path, {variable: value})


def test_a_uri_puts_the_lake_on_a_store_and_keeps_a_journal_of_its_own_here() -> None:
    first, second = resolve_home("s3://bucket/one"), resolve_home("s3://bucket/two/")
    assert (first.lake, second.lake) == ("s3://bucket/one/lake", "s3://bucket/two/lake")
    assert first.root != second.root
    assert first.lake_is_remote
    assert not resolve_home("/srv/meter").lake_is_remote


def test_a_directory_whose_name_delta_lake_would_decode_is_refused() -> None:
    with pytest.raises(SettingsError, match="'%41' reads as an encoded character"):
        resolve_home("/srv/pc%41")


def test_a_scheme_that_nothing_reads_is_refused() -> None:
    with pytest.raises(SettingsError, match="unknown scheme"):
        resolve_home("ftp://host/meter")
