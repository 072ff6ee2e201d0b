"""Counters that never fall. Repricing and forgetting make a total smaller; a system that polls takes a smaller value
for a restart from zero, and would count everything once more.

What was given out last is kept in `<home>/run/counters.json`, which all processes of a server share, and is given out
again until the total has passed it. The file is not synced: after a power cut values of the last seconds may be missing
from it, which matters only where a total fell in the same seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import msgspec

from agentgauge.files import file_lock, make_directory

Key = str
_Floors = dict[Key, Decimal]
_decode = msgspec.json.Decoder(_Floors).decode
_encode = msgspec.json.Encoder(decimal_format="string").encode


class Floors:
    def __init__(self, directory: Path) -> None:
        """`directory` is `<home>/run`."""
        self._path = directory / "counters.json"

    def raised(self, values: Mapping[Key, Decimal]) -> dict[Key, Decimal]:
        """The values, none below what was given out under its key before. Raises OSError."""
        make_directory(self._path.parent)
        with file_lock(self._path.with_suffix(".lock")):
            known = self._read()
            raised = {key: max(value, known.get(key, value)) for key, value in values.items()}
            if any(known.get(key) != value for key, value in raised.items()):
                temporary = self._path.with_suffix(".tmp")
                temporary.write_bytes(_encode(known | raised))
                temporary.replace(self._path)
        return raised

    def _read(self) -> _Floors:
        try:
            return _decode(self._path.read_bytes())
        except (FileNotFoundError, msgspec.MsgspecError):  # never given out, or torn by a power cut
            return {}
