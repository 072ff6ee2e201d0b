"""Channels as settings say them, and what of their URLs is shown."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from agentgauge.errors import SettingsError
from agentgauge.policies.alerts.kinds import KINDS, RULE_FAILED
from agentgauge.settings import Home
from agentgauge.settings.notifying import TOLD, AlertType, get_notifying_settings, masked

NOWHERE = Home(Path("/nowhere"), "/nowhere/lake")


def test_without_settings_nobody_is_told() -> None:
    settings = get_notifying_settings(NOWHERE, {})
    assert (settings.channels, settings.url) == ((), None)


def test_urls_of_the_environment_are_channels_and_mail_is_for_what_is_critical() -> None:
    env = {
        "AGENTGAUGE_NOTIFY": "mailtos://u:p@example.org slack://T/B/C  slack://T/B/D",
        "AGENTGAUGE_PUBLIC_URL": "https://g/",
    }
    settings = get_notifying_settings(NOWHERE, env)
    found = [(channel.name, channel.min_severity, channel.severities) for channel in settings.channels]
    assert found == [
        ("mailtos", "critical", ("critical",)),
        ("slack", "warning", ("critical", "error", "warning")),
        ("slack-2", "warning", ("critical", "error", "warning")),
    ]
    assert settings.url == "https://g"


def test_a_file_says_more_of_a_channel_and_need_not_have_its_secret(tmp_path: Path) -> None:
    file = tmp_path / "alerts.toml"
    file.write_text(
        '[[channel]]\nname = "on-call"\nurl_env = "ON_CALL"\nmin_severity = "error"\ntypes = ["no_data"]\n'
        'projects = ["shop"]\ntell = ["opened"]\n[[channel]]\nname = "mail"\nurl = "mailto://example.org"\n'
        '[rule.slow]\ntype = "outlier"\n'
    )
    first, second = get_notifying_settings(Home(tmp_path, ""), {"ON_CALL": "pagerduty://k@e"}).channels
    assert (first.name, first.url.reveal(), first.min_severity) == ("on-call", "pagerduty://k@e", "error")
    assert (first.types, first.projects, first.tell) == (("no_data",), ("shop",), ("opened",))
    assert (second.name, second.min_severity, second.tell) == ("mail", "critical", TOLD)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[channel]]\nname = "a"', "channel 'a': give it either url or url_env"),
        ('[[channel]]\nname = "a"\nurl = "slack://T0ps3cret"\nurl_env = "A"', "channel 'a': give it either url or"),
        ('[[channel]]\nname = "a"\nurl_env = "A"', "channel 'a': A is not set"),
        ('[[channel]]\nname = "a"\nurl = "T0ps3cret"', "channel 'a': not the URL of a channel"),
        ('[[channel]]\nname = "a b"\nurl = "slack://T0ps3cret"', "channel 'a b': a name has up to 64 letters"),
        ('[[channel]]\nurl = "slack://T0ps3cret"', "channel number 1: object missing required field name"),
        (
            '[[channel]]\nname = "a"\nurl = "slack://T0ps3cret"\nlevel = "x"',
            "channel 'a': there is no field 'level'; there are name, url, url_env, min_severity",
        ),
        (
            '[[channel]]\nname = "a"\nurl = "slack://T0ps3cret"\nmin_severity = "bad"',
            "channel 'a', min_severity: 'bad' is none; there are critical, error, warning, info",
        ),
        (
            '[[channel]]\nname = "a"\nurl = "slack://T0ps3cret"\ntell = ["x"]',
            "channel 'a', tell: 'x' is none; there are opened, esc",
        ),
        ('[[channel]]\nname = "a"\nurl = "b://c"\n' * 2, "two channels are called 'a'"),
        (
            '[[channel]]\nname = "a"\nurl = "slack://T0ps3cret"\nmin_severity = "warn"',
            "channel 'a', min_severity: 'warn' is none: did you mean warning? There are critical",
        ),
        (
            '[[channel]]\nname = "a"\nurl = "slack://T0ps3cret"\ntypes = ["no_data", "errors"]',
            "channel 'a', types: 'errors' is none: did you mean error_rate? There are budget_overrun, perf",
        ),
        (
            '[[channel]]\nname = "a"\nurl = "slack://T0ps3cret"\nproject = ["shop"]',
            "channel 'a': there is no field 'project': did you mean projects? There are name",
        ),
        ('[[channel]]\nname = "a"\nurl = "json:/T0ps3cret"', "channel 'a': not the URL of a channel"),
        ('[channel]\nname = "a"', "begin each with"),
        ("channel = ", "is not valid TOML"),
    ],
    ids=range(16),
)
def test_what_is_wrong_is_said_with_file_and_channel_and_without_the_url(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "alerts.toml").write_text(text)
    with pytest.raises(SettingsError) as raised:
        get_notifying_settings(Home(tmp_path, ""), {})
    assert said in str(raised.value)
    assert "alerts.toml" in str(raised.value)
    assert "T0ps3cret" not in str(raised.value)


def test_of_several_urls_the_wrong_one_is_named_by_its_place() -> None:
    urls = "slack://T/B/C json:/T0ps3cret mailto://example.org"
    with pytest.raises(SettingsError, match=r"^AGENTGAUGE_NOTIFY, URL 2 of 3: not the URL of a channel") as raised:
        get_notifying_settings(NOWHERE, {"AGENTGAUGE_NOTIFY": urls})
    assert "T0ps3cret" not in str(raised.value)


def test_a_channel_may_name_every_type_that_alerts_have() -> None:
    assert set(get_args(AlertType)) == {*KINDS, RULE_FAILED}


@pytest.mark.parametrize("name", ["AGENTGAUGE_NOTIFY", "AGENTGAUGE_PUBLIC_URL"])
def test_a_variable_that_is_no_url_is_named_without_its_value(name: str) -> None:
    with pytest.raises(SettingsError, match=name) as raised:
        get_notifying_settings(NOWHERE, {name: "T0ps3cret"})
    assert "T0ps3cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdn", "slack://***"),
        ("pagerduty://token@key", "pagerduty://***"),
        ("jsons://user:pass@example.org:8443/hooks/T0ps3cret?+X-Key=k", "jsons://example.org:8443/***"),
        ("json://localhost:8080", "json://localhost:8080"),
        ("json://[::1]:8080/x", "json://[::1]:8080/***"),
        ("mailtos://user:pa%2Fss@smtp.example.org?to=me@example.org", "mailtos://smtp.example.org/***"),
        ("mailtos://user:pa/ss@smtp.example.org", "mailtos://***"),
        ("mailto://user:1/x@smtp.example.org", "mailto://***"),
        ("https://hooks.slack.com/services/T/B/C", "https://hooks.slack.com/***"),
        ("json://us er:x", "json://***"),
    ],
    ids=range(10),
)
def test_of_a_url_scheme_and_host_are_shown_where_the_host_is_no_secret(url: str, shown: str) -> None:
    assert masked(url) == shown


def test_settings_that_are_printed_show_no_url() -> None:
    settings = get_notifying_settings(NOWHERE, {"AGENTGAUGE_NOTIFY": "slack://T0ps3cret/B/C"})
    assert "T0ps3cret" not in repr(settings)
