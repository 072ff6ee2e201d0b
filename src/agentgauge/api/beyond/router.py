"""The endpoints beyond the documented ones together."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(prefix="/api/v1")
