"""A report in pages, and as a picture."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess

import pytest

from agentgauge.service.report_document.document import Document
from agentgauge.service.report_document.paper import pdf, png
from tests.components import require


@pytest.fixture(scope="module")
def made(document: Document) -> bytes:
    return pdf(document)


@pytest.fixture(scope="module")
def read(made: bytes) -> str:
    """The text of it."""
    program = shutil.which("pdftotext")
    require(program is not None, "pdftotext (Debian: apt-get install poppler-utils)")
    assert program is not None
    done = subprocess.run([program, "-layout", "-", "-"], input=made, capture_output=True, check=True)
    return done.stdout.decode()


def test_it_is_tagged_has_a_title_and_is_small_enough_for_a_mail(made: bytes) -> None:
    assert made.startswith(b"%PDF-1.7")
    assert b"/StructTreeRoot" in made
    assert re.search(rb"pdfuaid:part", made)
    assert len(made) < 500_000


def test_its_words_can_be_read_by_programs(read: str, document: Document) -> None:
    for tile in document.tiles:
        assert tile.figure.text in read
    assert all(table.title in read for table in document.tables)
    assert re.search(r"1 of \d", read)


def test_names_are_no_markup_and_letters_that_no_font_has_are_numbers(read: str) -> None:
    plain = " ".join(read.split())
    assert re.search(r"""<b>"ко&дер"</b> #emph\[x\] (编|U\+7F16)""", plain)


def test_a_picture_is_as_wide_as_a_page_and_as_high_as_it_takes(document: Document) -> None:
    made = png(document)
    assert made.startswith(b"\x89PNG\r\n")
    width, height = struct.unpack(">II", made[16:24])
    assert width == 1191
    assert height > 2 * width
