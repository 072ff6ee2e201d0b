#!/usr/bin/env python3
"""Take pictures of pages as people see them: light, dark and narrow.

    .venv/bin/python scripts/look.py / "/agents?range=7d"
    .venv/bin/python scripts/look.py --home DIR --wide-only --to /tmp/looks /costs

Serves a home (by default one of recorded work, made anew) and writes `NAME-light.png`, `NAME-dark.png` and
`NAME-narrow.png`, each of the whole page. Says what a page wrote to the console, and how long it took to be complete.
Needs Chromium (Debian: chromium).
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.dashboard.browsing import browser, complete
from tests.dashboard.recorded_home import recorded_home
from tests.servers.serving import served

LOOKS = {
    "light": {"color_scheme": "light", "viewport": {"width": 1440, "height": 1000}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1440, "height": 1000}},
    "narrow": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", metavar="PATH")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--to", type=Path, default=Path(tempfile.gettempdir()) / "looks")
    parser.add_argument("--wide-only", action="store_true", help="Not the narrow one.")
    asked = parser.parse_args()
    asked.to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, (asked.to / "server.log").open("w") as log:
        home = asked.home or recorded_home(Path(folder) / "home")
        with served(home, "--no-jobs", errors=log) as server, browser() as chromium:
            for path in asked.paths:
                for look, options in LOOKS.items():
                    if look == "narrow" and asked.wide_only:
                        continue
                    page = chromium.new_page(**options)
                    page.on("console", lambda message: print(f"  console: {message.text}"))
                    page.on("pageerror", lambda error: print(f"  error: {error}"))
                    began = time.monotonic()
                    page.goto(server.url + path)
                    complete(page)
                    took = time.monotonic() - began
                    name = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-") or "overview"
                    file = asked.to / f"{name}-{look}.png"
                    page.screenshot(path=file, full_page=True)
                    print(f"{file}  {took * 1000:.0f} ms")
                    page.close()


if __name__ == "__main__":
    main()
