"""The URL forms that the page about notifications lists are ones that Apprise reads."""

from __future__ import annotations

import re
from pathlib import Path

from agentgauge.service.notifying.sending import Sender
from agentgauge.settings.secret import Secret

PAGE = Path(__file__).parents[3] / "docs" / "notifications.md"
URLS = re.findall(r"^\| [^|]+ \| `(\w+://[^`]+)` \|$", PAGE.read_text("utf-8"), re.MULTILINE)


def test_every_form_that_is_listed_is_read() -> None:
    assert len(URLS) >= 10
    with Sender() as sender:
        assert {url: problem for url in URLS if (problem := sender.check(Secret(url)))} == {}
