"""A report as a mail, written in a process of its own: drawing takes 150 MB, which a server is to be without.

python -m agentgauge.service.report_document.writing ID FILE < document.json > message.json
"""

from __future__ import annotations

import subprocess
import sys

import msgspec

from agentgauge.charts.building import ChartsUnavailable
from agentgauge.service.notifying.post import Message
from agentgauge.service.report_document.document import Document
from agentgauge.settings.extras import check_server_extra

_LONGEST_S = 180
"""The first report of an installation has the definitions of charts made, too."""


def written(document: Document, id_: str, file_name: str) -> Message:
    """The mail, whose file has this name. Raises `ChartsUnavailable`, `SettingsError` without the [server] extra."""
    check_server_extra("jinja2", "altair", "vl_convert", "typst")
    try:
        done = subprocess.run(  # noqa: S603 - this module, by this interpreter
            [sys.executable, "-m", "agentgauge.service.report_document.writing", id_, file_name],
            input=msgspec.json.encode(document), capture_output=True, timeout=_LONGEST_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ChartsUnavailable(f"the report was not written within {_LONGEST_S} s") from None
    if done.returncode:
        raise ChartsUnavailable(f"the report could not be written: {done.stderr.decode(errors='replace')[-500:]}")
    return msgspec.json.decode(done.stdout, type=Message)


def _main(id_: str, file_name: str) -> None:
    from agentgauge.service.report_document.mail import mail

    document = msgspec.json.decode(sys.stdin.buffer.read(), type=Document)
    sys.stdout.buffer.write(msgspec.json.encode(mail(document, id_, file_name)))


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2])
