"""What a command prints itself is not logged to its standard error besides."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

_LOGGERS = ("agentgauge.jobs", "agentgauge.alerts")


@contextmanager
def said_once() -> Iterator[None]:
    """Of jobs and rules only what has a trace goes to standard error meanwhile: a defect."""
    handler = logging.StreamHandler()
    handler.addFilter(lambda record: bool(record.exc_info))
    for name in _LOGGERS:
        logging.getLogger(name).addHandler(handler)
    try:
        yield
    finally:
        for name in _LOGGERS:
            logging.getLogger(name).removeHandler(handler)
