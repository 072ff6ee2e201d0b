"""Settings of notifications: who is told of alerts, and how.

AGENTGAUGE_NOTIFY      URLs that messages are sent to, with blanks between: mailtos://... slack://... jsons://...
AGENTGAUGE_PUBLIC_URL  where people reach the server, for links in messages: https://gauge.example.org
AGENTGAUGE_WEEKLY_REPORT  whether the weekly report goes to the channels of mail: yes (default) or no

Each URL is a channel, called as what is before its `://`. More can be said of one in <home>/alerts.toml:

    [[channel]]
    name = "on-call"
    url_env = "ON_CALL_URL"       # the variable that has the URL, so that no secret is in the file; or url = "slack://..."
    min_severity = "error"        # default: critical for e-mail, warning for everything else
    types = ["budget_overrun"]    # default: alerts of all types
    projects = ["shop"]           # default: of all projects, and of none
    tell = ["opened", "resolved"] # default: opened, reopened, escalated, reminded, resolved, undone
    weekly_report = false         # default: true for e-mail, unless AGENTGAUGE_WEEKLY_REPORT is no

URLs are Apprise's, and secrets: shown without what is secret in them. They are read by who sends, and by nobody else:
a server looks at them when it starts, whether Apprise can read them too, and again with every minute.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

import msgspec

from agentgauge.errors import SettingsError
from agentgauge.settings.recording import Home, flag
from agentgauge.settings.secret import Secret

Severity = Literal["critical", "error", "warning", "info"]
Step = Literal["opened", "escalated", "reminded", "acknowledged", "resolved", "reopened", "undone", "quieted"]
"""What happens to an alert."""
AlertType = Literal[
    "budget_overrun",
    "performance_degradation",
    "outlier",
    "anomaly",
    "error_rate",
    "satisfaction",
    "unpriced_models",
    "no_data",
    "budget_unchecked",
    "rule_failed",
]
"""Those of rules, and that of rules that could not be evaluated."""

TOLD: tuple[Step, ...] = ("opened", "reopened", "escalated", "reminded", "resolved", "undone")
"""What somebody may have to act on, and its end; who was told of an end is told that it was taken back."""
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""The worst first."""
_MAIL = ("mailto", "mailtos")
_WITH_HOST = (*_MAIL, "json", "jsons", "xml", "xmls", "form", "forms", "http", "https")
"""Schemes whose URLs have a host after `://`; those of others may have a token there."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9a-fA-F:]+")
_CONVERTED = re.compile(r"(?P<said>.*?)(?: - at `\$\.?(?P<field>\w*).*`)?", re.DOTALL)
_NO_CHOICE = re.compile(r"Invalid enum value '(?P<given>.*)'", re.DOTALL)


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    url: Secret
    min_severity: Severity
    types: tuple[str, ...] = ()
    """Of alerts; none: all."""
    projects: tuple[str, ...] = ()
    """None: all, and alerts of no project alone."""
    tell: tuple[Step, ...] = TOLD
    weekly_report: bool = False
    """Whether it has the report of each week; mail as it is, others in plain text."""

    @property
    def severities(self) -> tuple[Severity, ...]:
        """Of alerts that it is told of."""
        return SEVERITIES[: SEVERITIES.index(self.min_severity) + 1]

    @property
    def shown(self) -> str:
        """Its URL, without what may be secret."""
        return masked(self.url.reveal())


class NotifyingSettings(msgspec.Struct, frozen=True, kw_only=True):
    channels: tuple[Channel, ...] = ()
    url: str | None = None
    """Of the server, without a slash at its end; None: messages have no links."""


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A channel as a file says it."""

    name: str
    url: str | None = None
    url_env: str | None = None
    min_severity: Severity | None = None
    types: tuple[AlertType, ...] = ()
    projects: tuple[str, ...] = ()
    tell: tuple[Step, ...] = TOLD
    weekly_report: bool | None = None


_CHOICES: Mapping[str, tuple[str, ...]] = {
    "min_severity": SEVERITIES,
    "types": get_args(AlertType),
    "tell": get_args(Step),
}


def get_notifying_settings(home: Home, environ: Mapping[str, str] | None = None) -> NotifyingSettings:
    """As they are now. Raises `SettingsError` naming variable, or file and channel, and what to write."""
    env = os.environ if environ is None else environ
    found = channels_of_file(home.alerts, env)
    urls = env.get("AGENTGAUGE_NOTIFY", "").split()
    for place, url in enumerate(urls, 1):
        name = _free_name(_scheme(url, f"AGENTGAUGE_NOTIFY, URL {place} of {len(urls)}"), found)
        found[name] = Channel(
            name=name, url=Secret(url), min_severity=_least(url), weekly_report=_has_report(url, None, env)
        )
    return NotifyingSettings(channels=tuple(found.values()), url=_address(env, "AGENTGAUGE_PUBLIC_URL"))


def channels_of_file(file: Path, environ: Mapping[str, str] | None = None) -> dict[str, Channel]:
    """Those that the tables `[[channel]]` of a file are, by name. Raises `SettingsError` naming file and channel."""
    env = os.environ if environ is None else environ
    found: dict[str, Channel] = {}
    for place, table in enumerate(_tables(file), 1):
        channel = _channel(table, f"{file}: channel {_named(table, place)}", env)
        if channel.name in found:
            raise SettingsError(f"{file}: two channels are called {channel.name!r}: give each a name of its own")
        found[channel.name] = channel
    return found


def masked(url: str) -> str:
    """Scheme and host of a URL whose host is no secret, else the scheme; nothing else of it."""
    scheme, _, rest = url.partition("://")
    if scheme.lower() not in _WITH_HOST:
        return f"{scheme}://***"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return f"{scheme}://***"
    # A password with a slash ends the part that has the host: what is taken for it then may be a user's name.
    is_cut = "@" in rest.partition("?")[0].removeprefix(parts.netloc)
    if is_cut or not _HOST.fullmatch(host):
        return f"{scheme}://***"
    shown = f"[{host}]" if ":" in host else host
    more = "/***" if parts.path.strip("/") or parts.query or parts.username else ""
    return f"{scheme}://{shown}{'' if port is None else f':{port}'}{more}"


def _tables(file: Path) -> list[dict[str, Any]]:
    try:
        tables = tomllib.loads(file.read_text("utf-8")).get("channel", [])
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file} is not valid TOML: {error}") from error
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise SettingsError(f"{file}: channels are tables: begin each with [[channel]]")
    return tables


def _named(table: dict[str, Any], place: int) -> str:
    name = table.get("name")
    return repr(name[:64]) if isinstance(name, str) else f"number {place}"


def _channel(fields: dict[str, Any], where: str, env: Mapping[str, str]) -> Channel:
    if unknown := [field for field in fields if field not in _Table.__struct_fields__]:
        given = unknown[0][:64].encode("ascii", "backslashreplace").decode()
        raise SettingsError(f"{where}: there is no field {given!r}{_hint(given, _Table.__struct_fields__)}")
    try:
        table = msgspec.convert(fields, _Table)
    except msgspec.ValidationError as error:
        said = _CONVERTED.fullmatch(str(error))
        assert said is not None  # it takes any text
        field, what = said["field"] or "", said["said"].replace("`", "")
        if wrong := _NO_CHOICE.fullmatch(what):
            what = f"{wrong['given']!r} is none{_hint(wrong['given'], _CHOICES[field])}"
        raise SettingsError(f"{where}{', ' if field else ''}{field}: {what[:1].lower()}{what[1:]}") from None
    if not _NAME.fullmatch(table.name):
        raise SettingsError(f"{where}: a name has up to 64 letters, digits, '.', '_' and '-', as on-call")
    if (table.url is None) == (table.url_env is None):
        raise SettingsError(f"{where}: give it either url or url_env, the variable that has the URL")
    url = table.url
    if url is None:
        assert table.url_env is not None
        url = env.get(table.url_env, "").strip()
        where = f"{where}: {table.url_env}"
        if not url:
            raise SettingsError(f"{where} is not set: set it to the channel's URL")
    _scheme(url, where)
    return Channel(
        name=table.name,
        url=Secret(url),
        min_severity=table.min_severity or _least(url),
        types=table.types,
        projects=table.projects,
        tell=table.tell,
        weekly_report=_has_report(url, table.weekly_report, env),
    )


def _hint(given: str, allowed: tuple[str, ...]) -> str:
    near = get_close_matches(given, allowed, n=1)
    return f"{f': did you mean {near[0]}? There' if near else '; there'} are {', '.join(allowed)}"


def _scheme(url: str, where: str) -> str:
    found = _SCHEME.match(url)
    if found is None or any(character.isspace() for character in url):
        # The value may hold a secret, so it is not repeated.
        raise SettingsError(
            f"{where}: not the URL of a channel; write it as mailtos://user:password@example.org or slack://..."
        )
    return found[1].lower()


def _least(url: str) -> Severity:
    """What a channel is told of where nobody says: mail is read later, and more of it less."""
    return "critical" if _scheme(url, "") in _MAIL else "warning"


def _has_report(url: str, said: bool | None, env: Mapping[str, str]) -> bool:
    """What a channel's table says, else whether it is mail and mail is to have reports."""
    return said if said is not None else _scheme(url, "") in _MAIL and flag(env, "AGENTGAUGE_WEEKLY_REPORT", True)


def _free_name(scheme: str, taken: Mapping[str, Channel]) -> str:
    if scheme not in taken:
        return scheme
    return next(name for number in range(2, len(taken) + 3) if (name := f"{scheme}-{number}") not in taken)


def _address(env: Mapping[str, str], name: str) -> str | None:
    address = env.get(name, "").strip()
    if not address:
        return None
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment or "@" in address:
        raise SettingsError(f"{name} is no address of a server: write it as https://gauge.example.org")
    return address.rstrip("/")
