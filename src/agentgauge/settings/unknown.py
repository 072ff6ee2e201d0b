"""Variables of the environment that look like settings and are none: a mistyped one would do nothing, without a word.

Known are the names that the modules of settings document, each in its own docstring, and no second list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches

from agentgauge.settings import ingest, logs, notifying, oidc, recording, security, server

_PREFIX = "AGENTGAUGE_"
_NAME = re.compile(rf"\b{_PREFIX}[A-Z_]*[A-Z]\b")
_OF_OTHERS = ("AGENTGAUGE_TEST_", "AGENTGAUGE_SERVICE_", "AGENTGAUGE_PORT")
"""Of the tests, and what Kubernetes sets in every container beside a service that is called agentgauge."""
_MODULES = (recording, server, ingest, security, oidc, logs, notifying)


def known_variables() -> frozenset[str]:
    """Empty where Python runs without docstrings."""
    return frozenset(name for module in _MODULES for name in _NAME.findall(module.__doc__ or ""))


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """A sentence for each, with the name that was probably meant and without its value."""
    known = known_variables()
    if not known:
        return []
    unknown = sorted(name for name in environ if name.startswith(_PREFIX) and name not in known)
    return [_said(name, known) for name in unknown if not name.startswith(_OF_OTHERS)]


def _said(name: str, known: frozenset[str]) -> str:
    near = get_close_matches(name.removeprefix(_PREFIX), [other.removeprefix(_PREFIX) for other in known], 1)
    return f"{name} is no setting, and does nothing{f': did you mean {_PREFIX}{near[0]}?' if near else ''}"
