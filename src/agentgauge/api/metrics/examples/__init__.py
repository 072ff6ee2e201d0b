"""Answers as `/openapi.json` shows them: the documented examples, each with its `meta`."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any


def example(name: str) -> Any:
    """The answer of an endpoint, as JSON holds it."""
    return json.loads(resources.files(__name__).joinpath(f"{name}.json").read_bytes())
