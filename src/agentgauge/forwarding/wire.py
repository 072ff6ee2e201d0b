"""What is said between a forwarder and `PUT /api/v1/journals/{journal}/{segment}`, and what each answer means.

    200   the bytes are on the server's disk                   the new mark
    400   a line is damaged or breaks a rule                   `LineRefused`: these bytes
    401, 403                                                   `NotNow`, for long: the key
    409   bytes do not go on where the server's end            `Elsewhere`: go on there
    429, 503                                                   `NotNow`, as long as it says
    none, or any other                                         `NotNow`

Ranges are compressed by gzip at its fastest: a seventh of the bytes, at 2 us per event, without the interpreter's lock.
"""

from __future__ import annotations

import re
import time
import zlib
from hashlib import sha256
from urllib.parse import urlencode, urlsplit

import msgspec

from agentgauge.errors import ServerUnreachable
from agentgauge.server_client import ANSWER_S, Answer, ServerClient
from agentgauge.settings.secret import Secret

_HIGH_WATER, _REFUSED = "x-high-water-mark", "x-refused-bytes"
_BYTES = re.compile(r"(\d{1,15})-(\d{1,15})")
_POSITION = re.compile(r"^bytes \d+-\d+: ")
_FASTEST = 1
_SHORTEST_GZIP = 512
_KEY_WAIT_S = 300.0
_CHECK_S = 3.0
_LONGEST_SHOWN = 200


class NotNow(Exception):
    """Nothing more can be sent now. What was sent last is there or not: it is to be sent again."""

    def __init__(self, reason: str, wait_s: float = 0) -> None:
        super().__init__(reason)
        self.wait_s = wait_s
        """It is of no use to try again before."""


class Elsewhere(Exception):
    """The server's bytes of a segment end at `end`, and those sent do not go on there, or differ from them."""

    def __init__(self, end: int, said: str) -> None:
        super().__init__(said)
        self.end = end


class LineRefused(Exception):
    """The server does not take bytes [start, end)."""

    def __init__(self, start: int, end: int, said: str) -> None:
        super().__init__(said)
        self.start = start
        self.end = end


class _Error(msgspec.Struct):
    message: str = ""


class _ErrorBody(msgspec.Struct):
    error: _Error


_decode_error = msgspec.json.Decoder(_ErrorBody).decode


class Wire:
    """One server and one key. Every method raises `NotNow`."""

    def __init__(self, client: ServerClient, key: Secret | None) -> None:
        self._client = client
        digest = "" if key is None else sha256(key.reveal().encode()).hexdigest()[:12]
        self.name = f"{client.endpoint}#{digest}"
        """Tells senders apart, without the key: what another one sent may be in another namespace of the server."""
        self._asked_at: float | None = None

    @property
    def silence_s(self) -> float:
        """How long a question has been waiting for its answer, its connection or the server's name; for any thread."""
        asked_at = self._asked_at
        return 0 if asked_at is None else time.monotonic() - asked_at

    def check(self) -> None:
        """Ask whether the server takes what is sent with this key, and send nothing; within `_CHECK_S`."""
        self._mark_of(self._asked("HEAD", _path("0" * 32, "000000000000-000000"), within_s=_CHECK_S))

    def mark(self, journal: str, segment: str) -> int:
        """How many bytes of a segment the server has."""
        return self._mark_of(self._asked("HEAD", _path(journal, segment)))

    def put(self, journal: str, segment: str, at: int, data: bytes, *, closed: bool) -> int:
        """Send bytes from byte `at` on, `closed` where the segment ends with them; how many bytes the server has then.

        Raises `Elsewhere`, `LineRefused`.
        """
        query = urlencode({"offset": at, **({"closed": "true"} if closed else {})})
        headers = {"Content-Type": "application/octet-stream"}
        if len(data) >= _SHORTEST_GZIP:
            headers["Content-Encoding"] = "gzip"
            data = zlib.compress(data, _FASTEST, wbits=31)
        answer = self._asked("PUT", f"{_path(journal, segment)}?{query}", data, headers)
        if answer.status == 409 and answer.headers.get(_HIGH_WATER, "").isdecimal():
            raise Elsewhere(int(answer.headers[_HIGH_WATER]), _said(answer) or "the server does not go on there")
        if answer.status == 400 and (refused := _BYTES.fullmatch(answer.headers.get(_REFUSED, ""))):
            raise LineRefused(int(refused[1]), int(refused[2]), _POSITION.sub("", _said(answer)) or "no reason given")
        return self._mark_of(answer)

    def _asked(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        *,
        within_s: float = ANSWER_S,
    ) -> Answer:
        self._asked_at = time.monotonic()
        try:
            return self._client.request(method, path, body, headers, answer_s=within_s)
        except ServerUnreachable as error:
            raise NotNow(str(error)) from error
        finally:
            self._asked_at = None

    def _mark_of(self, answer: Answer) -> int:
        mark = answer.headers.get(_HIGH_WATER, "")
        if answer.ok and mark.isdecimal():
            return int(mark)
        endpoint, said = self._client.endpoint, _said(answer)
        because = f": {said}" if said else ""
        match answer.status:
            case 401:
                raise NotNow(
                    f"{endpoint} does not know the key: set AGENTGAUGE_API_KEY to one of its keys", _KEY_WAIT_S
                )
            case 403:
                said = f" ({said})" if said else ""
                raise NotNow(f"{endpoint} does not let the key record: it needs the scope 'ingest'{said}", _KEY_WAIT_S)
            case 429 | 503:
                raise NotNow(f"{endpoint} takes nothing now{because}", _seconds(answer.headers.get("retry-after", "")))
            case status if 300 <= status < 400:
                raise NotNow(f"{endpoint} sends on to {answer.headers.get('location', 'elsewhere')}: name that address")
            case status if answer.ok or status == 404:
                raise NotNow(
                    f"{endpoint} answers {status}, but not as an agentgauge server does{_about_path(endpoint)}"
                )
            case status:
                raise NotNow(f"{endpoint} answers {status}{because}")


def _path(journal: str, segment: str) -> str:
    return f"/api/v1/journals/{journal}/{segment}"


def _about_path(endpoint: str) -> str:
    """A hint where the address has a path, which only a proxy in front of a server asks for."""
    parts = urlsplit(endpoint)
    if not parts.path:
        return ""
    return f": name it without the path, {parts.scheme}://{parts.netloc}, unless a proxy has the server there"


def _said(answer: Answer) -> str:
    """Why, in the server's words; empty where it says nothing, as in every answer to HEAD."""
    try:
        return _decode_error(answer.body).error.message
    except msgspec.MsgspecError:
        return answer.body[:_LONGEST_SHOWN].decode(errors="replace")


def _seconds(text: str) -> float:
    """Of Retry-After, which is a number here; a date is not understood and left to the backoff."""
    return min(float(text), _KEY_WAIT_S) if text.isdecimal() and len(text) < 10 else 0
