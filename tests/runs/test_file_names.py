"""Ids as names of files, whatever the ids are."""

from __future__ import annotations

import re
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from agentgauge.runs.file_names import file_name

DEVICES = ["con", "PRN", "aux.txt", "NUL", "com1", "LPT9.log", "console", "%43ON"]
IDS = st.text(min_size=1) | st.sampled_from([*DEVICES, ".", "..", "...", "a/../b"]) | st.text("ab", min_size=150)


@given(IDS)
def test_a_name_is_a_name_on_every_system(id_: str) -> None:
    name = file_name("run", id_)
    assert re.fullmatch(r"[A-Za-z0-9%_~-]([A-Za-z0-9%._~-]*[A-Za-z0-9%_~-])?", name)
    assert len(name) <= 160
    assert not re.match(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", name, re.IGNORECASE)


@given(IDS)
def test_a_name_says_its_id_unless_that_is_too_long(id_: str) -> None:
    name = file_name("run", id_)
    assert "~" in name or unquote(name, errors="surrogatepass") == id_


@given(st.lists(IDS, unique=True))
def test_different_ids_have_different_names(ids: list[str]) -> None:
    assert len({file_name("run", id_) for id_ in ids}) == len(ids)
