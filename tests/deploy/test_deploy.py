"""What is in deploy/ does what it says, as far as a machine without its own systemd or container engine can tell."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from tests.components import require
from tests.servers.serving import start

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
_AGENTGAUGE = "/opt/agentgauge/bin/agentgauge"


def _unit() -> dict[str, list[str]]:
    """Values of the unit by key; systemd's lists repeat a key."""
    found: dict[str, list[str]] = {}
    for line in (DEPLOY / "agentgauge.service").read_text().splitlines():
        key, is_set, value = line.partition("=")
        if is_set and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def _program(folder: Path) -> Path:
    program = folder / "agentgauge"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "from agentgauge.cli import main; main()" "$@"\n')
    program.chmod(0o755)
    return program


def test_the_command_of_the_unit_runs_and_tells_systemd_that_it_is_ready(tmp_path: Path) -> None:
    (command,) = _unit()["ExecStart"]
    words = shlex.split(command)
    assert words[0] == _AGENTGAUGE
    words[0] = str(_program(tmp_path))
    words[words.index("--port") + 1] = "0"
    given = dict(word.split("=", 1) for line in _unit()["Environment"] for word in shlex.split(line))
    assert given["AGENTGAUGE_HOME"] == "/var/lib/agentgauge"
    environment = os.environ | given | {"AGENTGAUGE_HOME": str(tmp_path / "home")}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        server = start(words, environment | {"NOTIFY_SOCKET": str(tmp_path / "notify")})
        assert systemd.recv(100) == b"READY=1"
        assert server.stop() == 0


def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    require(shutil.which("systemd-analyze") is not None, "systemd-analyze (Debian: apt-get install systemd)")
    unit = tmp_path / "agentgauge.service"
    unit.write_text((DEPLOY / "agentgauge.service").read_text().replace(_AGENTGAUGE, str(_program(tmp_path))))
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--generators=no", unit], capture_output=True, text=True, check=False
    )
    assert [line for line in verified.stderr.splitlines() if "agentgauge" in line] == []


def _instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n\s*", " ", (DEPLOY / "Containerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def test_the_commands_of_the_container_run_once_there_is_a_key(tmp_path: Path) -> None:
    found = dict(_instructions())
    (program,), command = json.loads(found["ENTRYPOINT"]), json.loads(found["CMD"])
    assert program == "agentgauge"
    command[command.index("--port") + 1] = "0"
    environment = os.environ | {"AGENTGAUGE_HOME": str(tmp_path / "home")}
    words = [str(_program(tmp_path)), *command]
    refused = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "agentgauge keys create" in refused.stderr
    subprocess.run([words[0], "keys", "create", "ops", "--scope", "admin"], env=environment, check=True)
    server = start(words, environment)
    try:
        check = json.loads(found["HEALTHCHECK"].partition("CMD ")[2])
        port = server.url.rpartition(":")[2]
        subprocess.run([sys.executable, *(word.replace(":8000/", f":{port}/") for word in check[1:])], check=True)
    finally:
        assert server.stop() == 0


def test_the_container_runs_as_nobody_special_and_keeps_its_home_in_a_volume() -> None:
    found = dict(_instructions())
    assert int(found["USER"]) > 0
    assert f"AGENTGAUGE_HOME={found['VOLUME']}" in found["ENV"].split()
    assert found["STOPSIGNAL"] == "SIGTERM"


def test_the_package_that_both_install_has_the_servers_extra() -> None:
    assert "agentgauge[server]" in dict(_instructions())["ARG"]
    assert "agentgauge[server]" in (DEPLOY / "agentgauge.service").read_text()
