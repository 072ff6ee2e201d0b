"""Handing a message to Apprise, in the process that sends. Importing this costs 20 MB, the first URL as much again."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import apprise
from apprise.attachment.memory import AttachMemory
from apprise.common import OverflowMode
from apprise.plugins.base import NotifyBase
from apprise.plugins.email import NotifyEmail
from apprise.plugins.email import base as email_base

from agentgauge.service.notifying.post import Message, Posted, Posting
from agentgauge.service.notifying.redaction import redacted, secrets_of

_LONGEST_PROBLEM = 300
_PATIENCE = 30.0
"""Seconds that a service may take to answer, where its URL says nothing else: one that is slow has mostly taken the
message, and whoever hangs up on it, as Apprise does after 4 s, tells it again."""
_CAUSE = "Socket Exception: "
"""What Apprise writes, for debugging alone, before why it could not reach a server."""
_REFUSES = re.compile(r"error=(400|403|413|415|422|451)\b|\((550|552|554), b")
"""Answers of a web server, and of a mail server, that may be about what a message says. All others are about something
else: who sends it, or how busy the server is."""
_ANSWER = re.compile(r"\(\d{3}, b.*")
"""Of a mail server."""
_log = logging.getLogger("apprise")


def deliver(posting: Posting) -> Posted:
    """Hand it over, or only look at its URL. Raises nothing that Apprise foresees."""
    with _gathered() as records:
        plugin = apprise.Apprise.instantiate(posting.url, asset=_asset())
        if not isinstance(plugin, NotifyBase):
            return Posted(
                _problem(posting.url, ["Apprise cannot read its URL", *_hint(posting.url), *_reasons(records)])
            )
        if posting.message is None:
            return Posted()
        took = _told_one_by_one(plugin)
        if _is_delivered(plugin, posting.message):
            return Posted(is_told=True)
    reasons = list(_reasons(records))
    problem = _problem(posting.url, reasons)
    if took:
        # Trying again would tell those who took it again, for as long as one of the others fails.
        return Posted(f"not all were told: {problem}"[:_LONGEST_PROBLEM], is_told=True)
    if posting.instead is not None and any(map(_REFUSES.search, reasons)):
        again = deliver(Posting(posting.url, posting.instead))
        if again.is_told:
            return Posted(f"told of alerts by number alone: {problem}"[:_LONGEST_PROBLEM], is_told=True)
    return Posted(problem)


def _hint(url: str) -> Iterator[str]:
    for scheme, webhook in (("https://", "jsons://"), ("http://", "json://")):
        if url.lower().startswith(scheme):
            yield f"a webhook of your own begins with {webhook}, not {scheme}"


def _problem(url: str, reasons: Iterable[str]) -> str:
    secrets = secrets_of(url)
    said = "; ".join(redacted(reason, secrets) for reason in reasons)
    return "".join(filter(str.isprintable, said))[:_LONGEST_PROBLEM] or "it did not say why"


def _told_one_by_one(plugin: NotifyBase) -> list[object]:
    """Those of several whom a URL names who have taken a message, as it is delivered."""
    took: list[object] = []

    def mark_delivered(key: object, per_message: bool = False) -> None:
        if not per_message:  # else it is an icon, or the like
            took.append(key)

    vars(plugin)["mark_delivered"] = mark_delivered
    return took


def _asset() -> apprise.AppriseAsset:
    """No pictures, which would be fetched from elsewhere by whoever reads the message. No redirects: who follows one
    asks without the message, and takes the answer to that for its delivery.
    """
    return apprise.AppriseAsset(
        app_id="agentgauge", app_desc="agentgauge", image_url_mask="", http_redirects=False, async_mode=False
    )


def _is_delivered(plugin: NotifyBase, message: Message) -> bool:
    is_mail = isinstance(plugin, NotifyEmail)  # there one time holds for connecting and for every answer
    vars(plugin).setdefault("socket_connect_timeout" if is_mail else "socket_read_timeout", _PATIENCE)
    if plugin.overflow_mode == OverflowMode.UPSTREAM:
        # What is too long for a service would be refused, again and again; the end of it is what matters least.
        plugin.overflow_mode = OverflowMode.TRUNCATE
    if isinstance(plugin, NotifyEmail):
        # It has no option for this. A message that is sent twice is shown once by mail programs that look at the id.
        vars(email_base)["make_msgid"] = lambda domain: f"<{message.id}@{domain}>"
    elif isinstance(headers := getattr(plugin, "headers", None), dict):  # of webhooks
        headers.setdefault("Idempotency-Key", message.id)
    service = apprise.Apprise(plugin, asset=plugin.asset)
    if isinstance(plugin, NotifyEmail) and message.html:
        return _is_mailed(service, plugin, message)
    return bool(
        service.notify(
            title=message.subject,
            body=message.body,
            notify_type=message.tone,
            body_format=apprise.NotifyFormat.TEXT.value,
        )
    )


def _is_mailed(service: apprise.Apprise, plugin: NotifyEmail, message: Message) -> bool:
    """As HTML with its pictures inside the mail, its files attached, and the body for who reads plain text."""
    plugin.inline = True
    plugin.overflow_mode = OverflowMode.UPSTREAM  # mail is as long as it is; HTML that is cut is none
    # Apprise would make the plain text of the HTML, in which a table is one cell a line.
    vars(email_base)["convert_between"] = lambda *_: message.body
    attached = apprise.AppriseAttachment()
    for file in message.files:
        picture_or_file = AttachMemory(content=file.content, name=file.name, mimetype=file.kind)  # type: ignore[no-untyped-call]
        attached.add(picture_or_file)
    return bool(
        service.notify(
            title=message.subject,
            body=message.html,
            notify_type=message.tone,
            body_format=apprise.NotifyFormat.HTML.value,
            attach=attached,
        )
    )


@contextmanager
def _gathered() -> Iterator[list[logging.LogRecord]]:
    """What Apprise logs meanwhile, which goes nowhere else: there are secrets in it."""
    records: list[logging.LogRecord] = []

    class Gathering(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    handler = Gathering()
    _log.addHandler(handler)
    _log.setLevel(logging.DEBUG)
    _log.propagate = False
    try:
        yield records
    finally:
        _log.removeHandler(handler)


def _reasons(records: Iterable[logging.LogRecord]) -> Iterator[str]:
    for record in records:
        said = record.getMessage()
        if record.levelno >= logging.WARNING:
            yield said.rstrip(".")
        elif said.startswith(_CAUSE):
            yield _innermost(said.removeprefix(_CAUSE))


def _innermost(error: str) -> str:
    """Of `Pool(...): Max retries exceeded (Caused by Error("...: Connection refused"))` its end: what happened. Of what
    a mail server answered all.
    """
    if answer := _ANSWER.search(error):
        return answer[0].rstrip("}")
    said = error.rpartition(": ")[2].strip("\"'. ")
    while said.endswith(")") and said.count(")") > said.count("("):
        said = said[:-1].rstrip("\"'. ")
    return said
