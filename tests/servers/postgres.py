"""A PostgreSQL server of the tests' own, from Debian's packages or wherever `postgres` is on the path."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.components import require
from tests.servers.ports import free_port


def _programs() -> Path | None:
    """The folder of initdb and pg_ctl, the newest where there are several."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda found: int(found.parts[-3]))
    found = str(debian[-1]) if debian else shutil.which("initdb")
    return None if found is None else Path(found).parent


def _unprivileged() -> str | None:
    """PostgreSQL refuses to run as root; None: as whoever runs the tests."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@contextmanager
def postgres_server() -> Iterator[str]:
    """The URL of a running server's database `postgres`: AGENTGAUGE_TEST_POSTGRES_URL's, or one started here.

    The one started here loses everything when the power fails, which makes it quick; a test of what survives that
    needs another.
    """
    if given := os.environ.get("AGENTGAUGE_TEST_POSTGRES_URL"):
        yield given
        return
    programs = _programs()
    require(programs is not None, "a PostgreSQL server (Debian: apt-get install postgresql)")
    assert programs is not None
    user = _unprivileged()
    with tempfile.TemporaryDirectory(prefix="agentgauge-postgres-") as folder:
        if user is not None:
            shutil.chown(folder, user)
        data, port = Path(folder) / "data", free_port()
        settings = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200"

        def run(program: str, *arguments: str) -> None:
            subprocess.run(
                [programs / program, "-D", data, *arguments],
                user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
            )  # fmt: skip

        run("initdb", "--username=agentgauge", "--auth=trust", "--encoding=UTF8", "--no-sync")
        run("pg_ctl", "start", "--wait", "--silent", "-l", f"{folder}/log", "-o", settings)
        try:
            yield f"postgresql://agentgauge@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "stop", "--wait", "--silent", "-m", "immediate")
