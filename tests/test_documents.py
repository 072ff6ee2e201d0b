"""Every example in README.md and docs/ runs, and every link between files leads somewhere."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from agentgauge.settings import ingest, logs, notifying, oidc, security, server
from tests import documents

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ALL_PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").glob("*.md")])
_VARIABLE = re.compile(r"AGENTGAUGE_[A-Z_]+")
_LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)")


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_the_examples_of_this_page_run(page: Path, tmp_path: Path) -> None:
    failures = documents.run(page, tmp_path)
    assert not failures, str(failures[0])


@pytest.mark.parametrize("page", ALL_PAGES, ids=_name)
def test_links_to_files_lead_to_them(page: Path) -> None:
    lost = [link for link in _LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]
    assert not lost


def test_the_table_of_the_servers_settings_has_every_variable_and_no_other() -> None:
    found = set()
    for settings in (server, security, ingest, oidc, logs, notifying):
        found |= set(_VARIABLE.findall(settings.__doc__ or ""))
    page = (ROOT / "docs" / "server.md").read_text(encoding="utf-8")
    rows = [
        line for line in page.partition("## Settings")[2].partition("\n## ")[0].splitlines() if line.startswith("|")
    ]
    assert set(_VARIABLE.findall("\n".join(rows))) == found


def _failures(tmp_path: Path, markdown: str) -> list[str]:
    page, folder = tmp_path / "page.md", tmp_path / "folder"
    page.write_text(markdown)
    folder.mkdir()
    return [str(failure) for failure in documents.run(page, folder)]


def test_python_blocks_share_names_and_shells_see_their_files(tmp_path: Path) -> None:
    page = (
        "```python\nx = 'made here'\n```\n"
        "```python\nfrom pathlib import Path\nPath('file').write_text(x)\n```\n"
        "```console\n$ cat \\\n> file; echo\nmade   here\n$ echo 1 2 3 4\n1 ... 4\n```\n"
        "```bash\ntest -f file\n```\n"
    )
    assert _failures(tmp_path, page) == []


def test_a_failing_block_is_named_with_its_line(tmp_path: Path) -> None:
    (failure,) = _failures(tmp_path, "text\n\n```python\nx = 1\nx / 0\n```\n")
    assert failure.startswith("page.md:3: ")
    assert 'page.md", line 5' in failure
    assert "ZeroDivisionError" in failure


def test_output_that_differs_fails(tmp_path: Path) -> None:
    (failure,) = _failures(tmp_path, "```console\n$ echo this\nthat\n```\n")
    assert failure.startswith("page.md:2: `echo this` printed")


def test_a_command_that_fails_fails_even_where_no_output_is_shown(tmp_path: Path) -> None:
    (failure,) = _failures(tmp_path, "```console\n$ exit 3\n```\n")
    assert "ended with 3" in failure


_SERVED = """
```console
$ agentgauge serve &
agentgauge: ... http://127.0.0.1:8000...
$ curl -s http://localhost:8000/openapi.json | head -c 10
{"openapi"
$ echo http://localhost:8000 > address
```
```python
from urllib.request import urlopen
assert urlopen("http://127.0.0.1:8000/openapi.json").status == 200
```
```console
$ AGENTGAUGE_FLUSH_MS=20 agentgauge serve --port 9000 &
$ curl -sf http://localhost:9000/openapi.json > 9000 && curl -sf http://localhost:8000/openapi.json > 8000
```
"""


def test_a_server_that_a_page_starts_answers_what_follows_in_shells_and_python(tmp_path: Path) -> None:
    assert _failures(tmp_path, _SERVED) == []
    stopped = urlsplit((tmp_path / "folder" / "address").read_text().strip())
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((stopped.hostname, stopped.port))


def test_a_server_that_does_not_start_is_a_failure_with_what_it_said(tmp_path: Path) -> None:
    (failure,) = _failures(tmp_path, "```console\n$ AGENTGAUGE_FLUSH_MS=soon agentgauge serve &\n```\n")
    assert failure.startswith("page.md:2: ")
    assert "AGENTGAUGE_FLUSH_MS='soon'" in failure


def test_an_interpreter_that_ends_early_is_a_failure(tmp_path: Path) -> None:
    (failure,) = _failures(tmp_path, "```python\nimport os\nos._exit(7)\n```\n")
    assert "the interpreter ended with 7" in failure


def test_only_blocks_that_say_why_are_left_out(tmp_path: Path) -> None:
    excused = "<!-- not run: needs a cluster -->\n```python\n1 / 0\n```\n"
    assert _failures(tmp_path, excused + "```text\nnot code\n```\n") == []
    assert len(documents.blocks("<!-- not run: -->\n```python\n1 / 0\n```\n")) == 1


def test_indented_blocks_of_lists_are_dedented() -> None:
    (block,) = documents.blocks("1. Do\n\n   ```python\n   if True:\n       pass\n   ```\n")
    assert block.text == "if True:\n    pass\n"


def test_a_block_that_is_never_closed_is_refused() -> None:
    with pytest.raises(ValueError, match="line 1: this block is never closed"):
        documents.blocks("```python\nx = 1\n")
