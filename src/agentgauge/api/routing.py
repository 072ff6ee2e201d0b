"""Routers included in each other by copying their routes.

FastAPI keeps the tree that `include_router` makes and walks it twice for each request, which takes longer than all else
that an answer from the cache needs. Routes that are the application's own are found within microseconds.
"""

from __future__ import annotations

from inspect import signature

from fastapi import APIRouter
from fastapi.routing import APIRoute

_KEPT = (signature(APIRoute).parameters.keys() & signature(APIRouter.add_api_route).parameters.keys()) - {"path"}


def include(router: APIRouter, *parts: APIRouter) -> None:
    """Add the routes of `parts` to a router, which puts its prefix and its tags to them."""
    for part in parts:
        for route in part.routes:
            if not isinstance(route, APIRoute):
                raise TypeError(f"{route!r} is no route of FastAPI's: it would be lost")
            options = {name: getattr(route, name) for name in _KEPT}
            router.add_api_route(route.path, route_class_override=type(route), **options)
