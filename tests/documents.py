"""Executes the examples of a Markdown document in order, as a reader would who starts with an empty home.

    ```python     runs in one interpreter per document, so that later blocks see the names of earlier ones
    ```console    each line after `$ ` (continued by lines after `> `) runs in a shell and must succeed; text that
                  follows it must be what it prints, where `...` stands for anything and runs of white space are equal
    ```bash       the whole block runs in a shell and must succeed

A console line `$ agentgauge serve ... &` starts a real server, which `http://localhost:8000` then stands for until the
document ends: `tests/document_servers.py`.

A block that cannot run in a test says why in the line above it: `<!-- not run: needs a cluster -->`. Other languages
are text.
"""

from __future__ import annotations

import doctest
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.document_servers import DocumentServers

_FENCE = re.compile(r"^(?P<indent> *)(?P<ticks>```+)(?P<language>\w*)")
_NOT_RUN = re.compile(r"^ *<!-- not run: \S.* -->$")
_LIKE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
_SECONDS = 120

# Reads one block a line from standard input, answers with one line on the pipe that it was given.
_INTERPRETER = """
import json, os, sys, traceback
names, answers = {"__name__": "__main__"}, os.fdopen(int(sys.argv[1]), "w")
for line in sys.stdin:
    block, failure = json.loads(line), None
    try:
        exec(compile("\\n" * block["line"] + block["text"], block["file"], "exec"), names)
    except BaseException:
        failure = traceback.format_exc()
    sys.stdout.flush()
    print(json.dumps(failure), file=answers, flush=True)
"""


@dataclass(frozen=True)
class Block:
    language: str
    text: str
    line: int
    """1-based line of the opening fence."""


@dataclass(frozen=True)
class Failure:
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def blocks(markdown: str) -> list[Block]:
    """The runnable blocks of a document. Raises `ValueError` for a fence that is never closed."""
    found: list[Block] = []
    lines = markdown.splitlines()
    position = 0
    while position < len(lines):
        fence = _FENCE.match(lines[position])
        if fence is None:
            position += 1
            continue
        opened, indent, ticks = position, fence["indent"], fence["ticks"]
        position += 1
        while position < len(lines) and lines[position].strip() != ticks:
            position += 1
        if position == len(lines):
            raise ValueError(f"line {opened + 1}: this block is never closed")
        excused = opened > 0 and _NOT_RUN.match(lines[opened - 1])
        if fence["language"] in ("python", "console", "bash") and not excused:
            text = "\n".join(line.removeprefix(indent) for line in lines[opened + 1 : position])
            found.append(Block(fence["language"], text + "\n", opened + 1))
        position += 1
    return found


def commands(console: str) -> list[tuple[int, str, str]]:
    """The commands of a console block: (offset of the line, what is typed, what is shown, "" where nothing is)."""
    found: list[tuple[int, list[str], list[str]]] = []
    for offset, line in enumerate(console.splitlines()):
        if line.startswith("$ "):
            found.append((offset, [line[2:]], []))
        elif line.startswith("> ") and found and not found[-1][2]:
            found[-1][1].append(line[2:])
        elif found:
            found[-1][2].append(line)
        elif line.strip():
            raise ValueError(f"a console block starts with `$ `, not {line!r}")
    return [(offset, "\n".join(typed), "\n".join(shown).strip()) for offset, typed, shown in found]


def run(document: Path, folder: Path) -> list[Failure]:
    """What fails when the examples of `document` are executed with `folder` as working directory and home.

    A document's first failure ends it, since what follows builds on it.
    """
    environment = _environment(folder)
    servers = DocumentServers(folder, environment)
    interpreter: _Interpreter | None = None
    try:
        for written in blocks(document.read_text(encoding="utf-8")):
            block = replace(written, text=servers.rewritten(written.text))
            if block.language == "python":
                interpreter = interpreter or _Interpreter(folder, environment)
                failures = interpreter.run(document, block)
            elif block.language == "console":
                failures = _console(document, written, folder, environment, servers)
            else:
                failures = _shell(f"{document.name}:{block.line}", block.text, "", folder, environment)
            if failures:
                return failures
        return []
    finally:
        try:
            if interpreter is not None:
                interpreter.close()
        finally:
            servers.close()


def _environment(folder: Path) -> dict[str, str]:
    """The reader's shell: this interpreter's `python`, the source tree's `agentgauge`, a plain 100-column terminal."""
    programs = folder / ".programs"
    programs.mkdir()
    _program(programs / "python", f'exec "{sys.executable}" "$@"')
    _program(programs / "agentgauge", f'exec "{sys.executable}" -c \'from agentgauge.cli import main; main()\' "$@"')
    source = Path(__file__).parent.parent / "src"
    return os.environ | {
        "HOME": str(folder),
        "AGENTGAUGE_HOME": str(folder / "agentgauge"),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(source),
        "COLUMNS": "100",
        "NO_COLOR": "1",
        "TERM": "dumb",
        "TZ": "UTC",
    }


def _program(path: Path, command: str) -> None:
    path.write_text(f"#!/bin/sh\n{command}\n")
    path.chmod(0o755)


class _Interpreter:
    """One Python process that executes a document's blocks; what they record, the document's commands can read."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        reading, writing = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-c", _INTERPRETER, str(writing)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            cwd=folder,
            env=environment,
            pass_fds=[writing],
        )
        os.close(writing)
        self._answers = os.fdopen(reading)

    def run(self, document: Path, block: Block) -> list[Failure]:
        where = f"{document.name}:{block.line}"
        request: dict[str, Any] = {"text": block.text, "file": str(document), "line": block.line}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._answers.readline()
        if not answer:
            return [Failure(where, f"the interpreter ended with {self._process.wait(_SECONDS)}")]
        failure = json.loads(answer)
        return [] if failure is None else [Failure(where, failure)]

    def close(self) -> None:
        """End the interpreter as a program ends, so that what it holds open is closed."""
        self._process.communicate(timeout=_SECONDS)
        self._answers.close()


def _console(
    document: Path, block: Block, folder: Path, environment: dict[str, str], servers: DocumentServers
) -> list[Failure]:
    for offset, typed, shown in commands(block.text):
        where = f"{document.name}:{block.line + 1 + offset}"
        if servers.starts(typed):
            failures = _serve(where, typed, shown, servers)
        else:
            failures = _shell(where, servers.rewritten(typed), servers.rewritten(shown), folder, environment)
        if failures:
            return failures
    return []


def _serve(where: str, command: str, shown: str, servers: DocumentServers) -> list[Failure]:
    try:
        printed = servers.start(command)
    except RuntimeError as error:
        return [Failure(where, f"`{command}`: {error}")]
    return [] if _is_like(printed, shown) else [_differs(where, command, shown, printed)]


def _shell(where: str, command: str, shown: str, folder: Path, environment: dict[str, str]) -> list[Failure]:
    done = subprocess.run(
        ["/bin/sh", "-e", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        return [Failure(where, f"`{command}` ended with {done.returncode}\n{done.stdout}")]
    return [] if _is_like(done.stdout, shown) else [_differs(where, command, shown, done.stdout)]


def _is_like(printed: str, shown: str) -> bool:
    return not shown or doctest.OutputChecker().check_output(shown + "\n", printed, _LIKE)


def _differs(where: str, command: str, shown: str, printed: str) -> Failure:
    return Failure(where, f"`{command}` printed\n{printed}where the document shows\n{shown}")
