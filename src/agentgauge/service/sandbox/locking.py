"""A connection that reads its own files, whatever it is asked."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from agentgauge.lake.parquet import literal
from agentgauge.service.sandbox.limits import MEMORY, MOST_SPILLED

if TYPE_CHECKING:
    import duckdb


def lock(connection: duckdb.DuckDBPyConnection, files: Iterable[str]) -> None:
    """Take from a database, for good, everything but these files, which are named as its views name them.

    Neither reading, listing nor writing others, nor the network, attaching, extensions, secrets, Python's variables and
    settings are left. The file of a view stays readable by its name, so what a view leaves out of its files is not
    hidden.
    """
    allowed = ", ".join(literal(name) for file in files for name in _names(file))
    connection.execute(
        f"""
        SET memory_limit = '{MEMORY}';
        SET max_temp_directory_size = '{MOST_SPILLED}';
        SET python_enable_replacements = false;
        SET autoload_known_extensions = false;
        SET allow_community_extensions = false;
        SET allowed_paths = [{allowed}];
        SET enable_external_access = false;
        SET lock_configuration = true
        """
    )


def _names(file: str) -> Iterator[str]:
    """A file by its name, by the pattern that a view has for it, and as its store calls it."""
    yield from {file, glob.escape(file)}
    if "://" in file:
        import fsspec

        yield str(fsspec.filesystem(file.partition("://")[0]).unstrip_protocol(file))
