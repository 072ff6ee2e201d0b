"""The endpoints for operators together."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(tags=["operations"])
