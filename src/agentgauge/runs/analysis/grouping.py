"""Runs by what they were made with: model, temperature, or the whole configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from agentgauge.errors import QueryError
from agentgauge.runs.analysis.records import SETTINGS, Configuration, RunRecord, Setting

UNKNOWN = "unknown"


def by_configuration(
    runs: Sequence[RunRecord], settings: Sequence[str] | None = None
) -> dict[Configuration, list[RunRecord]]:
    """Runs by those of their settings that are named, by default all. Raises `QueryError` for one that no run has."""
    if settings is not None:
        _check(runs, settings)
    groups: dict[Configuration, list[RunRecord]] = {}
    for run in runs:
        key = run.config if settings is None else tuple((name, run.setting(name)) for name in settings)
        groups.setdefault(key, []).append(run)
    return dict(sorted(groups.items(), key=lambda item: [(name, _order(value)) for name, value in item[0]]))


def named(groups: Mapping[Configuration, list[RunRecord]]) -> dict[str, list[RunRecord]]:
    """Groups by the words for their configuration; values that read alike are one."""
    found: dict[str, list[RunRecord]] = {}
    for config, runs in groups.items():
        found.setdefault(label(config), []).extend(runs)
    return found


def by_value(runs: Sequence[RunRecord], setting: str) -> dict[float | str, list[RunRecord]]:
    """Runs by the value of one setting: numbers by size, then texts, then those that do not state it, as `UNKNOWN`."""
    found: dict[float | str, list[RunRecord]] = {}
    for ((_, value),), group in by_configuration(runs, [setting]).items():
        name = UNKNOWN if value is None else value if isinstance(value, int | float) else str(value)
        found.setdefault(name, []).extend(group)
    return found


def label(config: Configuration) -> str:
    """A configuration in a line: what it states."""
    stated = [f"{_short(name)} {value}" for name, value in config if value is not None and name != "llm_model"]
    model = dict(config).get("llm_model")
    return ", ".join([str(model), *stated] if model is not None else stated) or UNKNOWN


def varying(configs: Sequence[Configuration]) -> list[str]:
    """Names of the settings in which configurations differ, and the model; not of a provider that the model implies."""
    names = dict.fromkeys(name for config in configs for name, _ in config)
    read = [dict(config) for config in configs]
    providers = {(config.get("llm_model"), config.get("llm_provider")) for config in read}
    implied = {"llm_provider"} if len(providers) == len({model for model, _ in providers}) else set()
    return [
        name
        for name in names
        if name == "llm_model" or (name not in implied and len({config.get(name) for config in read}) > 1)
    ]


def short_labels(configs: Sequence[Configuration]) -> dict[Configuration, str]:
    """Configurations in words that tell these ones apart."""
    names = varying(configs)
    return {config: label(tuple((name, value) for name, value in config if name in names)) for config in configs}


def _short(name: str) -> str:
    return name.removeprefix("llm_").replace("_", " ")


def _check(runs: Sequence[RunRecord], settings: Sequence[str]) -> None:
    known = dict.fromkeys((*SETTINGS, *(name for run in runs for name, _ in run.config)))
    if not settings:
        raise QueryError(f"runs are compared by at least one setting: {', '.join(known)}")
    for name in settings:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            raise QueryError(
                f"no run has a setting {name!r}{f': did you mean {near[0]}?' if near else '.'} There are "
                f"{', '.join(known)}"
            )


def _order(value: Setting) -> tuple[bool, bool, float, str]:
    """Numbers by size, then text, then what is not stated."""
    is_number = isinstance(value, int | float)
    return value is None, not is_number, float(value) if isinstance(value, int | float) else 0.0, str(value)
