"""What takes events together."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(tags=["ingest"])
