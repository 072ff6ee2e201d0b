"""Settings of recording and asking: where the home is, and what is recorded into it.

AGENTGAUGE_HOME             where journal and lake live: a directory, or an s3:// gs:// az:// URI for the lake
AGENTGAUGE_PROJECT          project of every event that names none
AGENTGAUGE_DISABLED         1: record nothing
ENABLE_METRICS              false: the same switch, under a second name
ENABLE_METRICS_PERSISTENCE  false: keep events in memory, touch no disk
METRICS_SESSION_ID          session of every event that names none
AGENTGAUGE_FLUSH_MS         power-loss window of the journal, milliseconds (default 50)
AGENTGAUGE_JOURNAL_MAX_MB   size at which the journal refuses new events rather than drop kept ones (default 4096)
AGENTGAUGE_PRICES           TOML file of price overrides (default <home>/prices.toml)
AGENTGAUGE_ENDPOINT         https://... of a server that everything recorded here is sent to
AGENTGAUGE_API_KEY          key that it wants, of the scope `ingest`
AGENTGAUGE_BUDGET_POLICY    fail_open (default) or fail_closed: whether work goes on where a budget cannot be checked
AWS_ENDPOINT_URL            S3 server of an s3:// home; the other AWS_* variables are read by its clients
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, cast, get_args
from urllib.parse import urlsplit

import msgspec

from agentgauge.errors import SettingsError
from agentgauge.settings.secret import Secret

BudgetPolicy = Literal["fail_open", "fail_closed"]
REMOTE_SCHEMES = ("s3://", "gs://", "az://")

_PERCENT_ENCODED = re.compile("%[0-9A-Fa-f]{2}")


class Home(msgspec.Struct, frozen=True):
    """Where one meter's data lives: the journal on this machine, the lake here or on an object store."""

    root: Path
    """Local directory: journal, locks, plans, and the lake unless it is remote."""
    lake: str
    """Path or URI of the lake."""
    plain_http: bool = False
    """The object store is reached without TLS, as a test server is."""

    @property
    def journal(self) -> Path:
        return self.root / "journal"

    @property
    def prices(self) -> Path:
        return self.root / "prices.toml"

    @property
    def alerts(self) -> Path:
        return self.root / "alerts.toml"

    @property
    def lake_is_remote(self) -> bool:
        return self.lake.startswith(REMOTE_SCHEMES)


class Settings(msgspec.Struct, frozen=True):
    home: Home
    project: str | None = None
    session: str | None = None
    enabled: bool = True
    persist: bool = True
    flush_ms: int = 50
    journal_max_bytes: int = 4096 << 20
    prices_file: Path | None = None
    endpoint: str | None = None
    """Server that the journal is shipped to, and that keeps the budgets."""
    api_key: Secret | None = None
    budget_policy: BudgetPolicy = "fail_open"
    switched_off_by: tuple[str, ...] = ()
    """Variables of the environment that turn recording off, or keeping it on a disk, as `NAME=value`."""

    @property
    def ENABLE_METRICS(self) -> bool:  # noqa: N802 - the name of its variable, as document 002 reads it
        """Whether anything is recorded."""
        return self.enabled

    @property
    def ENABLE_METRICS_PERSISTENCE(self) -> bool:  # noqa: N802 - as above
        """Whether what is recorded is kept on a disk."""
        return self.persist


def resolve_home(home: str | os.PathLike[str] | None, environ: Mapping[str, str] | None = None) -> Home:
    """The home that a user named, or the platform's default data directory.

    A URI places the lake on that object store and keeps the journal in a directory of the default home that is the
    URI's own.
    """
    text = os.fspath(home) if home is not None else ""
    if text.startswith(REMOTE_SCHEMES):
        uri = text.rstrip("/")
        import hashlib  # deferred: most homes are directories, and recording starts the faster

        digest = hashlib.sha256(uri.encode()).hexdigest()[:12]
        endpoint = (os.environ if environ is None else environ).get("AWS_ENDPOINT_URL", "")
        return Home(
            root=_default_root() / "remote" / digest, lake=f"{uri}/lake", plain_http=endpoint.startswith("http://")
        )
    if text.startswith(("http://", "https://")):
        raise SettingsError(
            "the home is the address of a server: a home is a directory or an object store "
            f"({', '.join(REMOTE_SCHEMES)}); what is recorded is sent to a server by AGENTGAUGE_ENDPOINT"
        )
    if "://" in text:
        raise SettingsError(f"home {text!r}: unknown scheme; use a directory or one of {', '.join(REMOTE_SCHEMES)}")
    root = Path(text).expanduser().absolute() if text else _default_root()
    if encoded := _PERCENT_ENCODED.search(str(root)):
        raise SettingsError(
            f"home {str(root)!r}: {encoded[0]!r} reads as an encoded character to Delta Lake; rename it"
        )
    return Home(root=root, lake=str(root / "lake"))


def _default_root() -> Path:
    import platformdirs  # deferred: a program that names its home needs only the standard library and msgspec

    return Path(platformdirs.user_data_dir("agentgauge", appauthor=False))


def get_settings(
    home: str | os.PathLike[str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """The settings of this process.

    `home` wins over AGENTGAUGE_HOME. Raises `SettingsError` naming the variable and the values it takes.
    """
    env = os.environ if environ is None else environ
    prices = env.get("AGENTGAUGE_PRICES")
    endpoint, key = env.get("AGENTGAUGE_ENDPOINT"), env.get("AGENTGAUGE_API_KEY")
    policy = env.get("AGENTGAUGE_BUDGET_POLICY") or "fail_open"
    if policy not in get_args(BudgetPolicy):
        raise SettingsError(f"AGENTGAUGE_BUDGET_POLICY={policy!r}: use one of {', '.join(get_args(BudgetPolicy))}")
    enabled = flag(env, "ENABLE_METRICS", True), not flag(env, "AGENTGAUGE_DISABLED", False)
    persist = flag(env, "ENABLE_METRICS_PERSISTENCE", True)
    names = ("ENABLE_METRICS", "AGENTGAUGE_DISABLED", "ENABLE_METRICS_PERSISTENCE")
    switches = zip(names, (*enabled, persist), strict=True)
    return Settings(
        home=resolve_home(home if home is not None else env.get("AGENTGAUGE_HOME") or None, env),
        project=env.get("AGENTGAUGE_PROJECT") or None,
        session=env.get("METRICS_SESSION_ID") or None,
        enabled=all(enabled),
        persist=persist,
        flush_ms=whole_number(env, "AGENTGAUGE_FLUSH_MS", 50),
        journal_max_bytes=whole_number(env, "AGENTGAUGE_JOURNAL_MAX_MB", 4096) << 20,
        prices_file=Path(prices).expanduser() if prices else None,
        endpoint=_checked_endpoint(endpoint) if endpoint else None,
        api_key=Secret(key) if key else None,
        budget_policy=cast("BudgetPolicy", policy),
        switched_off_by=tuple(f"{name}={env[name]}" for name, on in switches if not on),
    )


def _checked_endpoint(endpoint: str) -> str:
    """The address of a server without a slash at its end."""
    parts = urlsplit(endpoint)
    if "://" not in endpoint:
        raise SettingsError(
            f"AGENTGAUGE_ENDPOINT={endpoint!r}: http:// or https:// is missing in front of it; "
            "name a server such as https://gauge.example.org"
        )
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise SettingsError(f"AGENTGAUGE_ENDPOINT={endpoint!r}: name a server such as https://gauge.example.org")
    if parts.username or parts.password:
        raise SettingsError("AGENTGAUGE_ENDPOINT holds a password: give a key in AGENTGAUGE_API_KEY instead")
    return endpoint.rstrip("/")


_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")


def flag(env: Mapping[str, str], name: str, default: bool) -> bool:
    """A variable that is on or off. Raises `SettingsError`."""
    value = env.get(name)
    if value is None:
        return default
    word = value.strip().lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise SettingsError(f"{name}={value!r}: use one of {', '.join(_TRUE)} or {', '.join(w for w in _FALSE if w)}")


def whole_number(env: Mapping[str, str], name: str, default: int) -> int:
    """A variable that counts. Raises `SettingsError`."""
    value = env.get(name)
    if value is None:
        return default
    if value.isdecimal() and len(value) < 16:
        return int(value)
    raise SettingsError(f"{name}={value!r}: use a whole number of at least 0")
