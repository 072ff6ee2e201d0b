"""What a test does when the machine lacks something real that it needs: a mount, another user, a server."""

from __future__ import annotations

import os

import pytest


def require(condition: bool, reason: str) -> None:
    """Skip the calling test unless `condition`; with CI=true fail it, so that nothing goes untested unnoticed.

    `reason` names what is missing: "root, to mount a tmpfs".
    """
    if condition:
        return
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"CI=true, and this machine lacks: {reason}", pytrace=False)
    pytest.skip(f"needs {reason}")
