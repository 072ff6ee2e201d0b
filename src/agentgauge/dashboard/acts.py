"""Acts: the one way in which a page changes something.

An act is declared beside the page that offers it, with what its form sends and what is done with it:

    class OfAlert(Given):
        alert_id: int                       # from the address
        version: int | None = None          # from a hidden field: what the person saw

    def _acknowledge(acting: Acting, given: OfAlert) -> str:
        AlertBook(acting.runtime.state).acknowledge(given.alert_id, acting.principal.name, acting.now, ...)
        return f"Alert {given.alert_id} is acknowledged."

    ACKNOWLEDGE = Act(path="/alerts/{alert_id}/acknowledge", given=OfAlert, does=_acknowledge)
    ALERTS = Page(..., acts=(ACKNOWLEDGE,))

A card's template has the act among its values and writes its button, which is offered to who may do it:

    {% import "macros/forms.html" as forms %}
    {{ forms.button(asked, acknowledge, "Acknowledge", at={"alert_id": alert.id}, fields={"version": alert.version}) }}
    {% call forms.form(asked, change, at={"budget_id": budget.id}, submit="Save") %}
    {{ forms.field("total_usd", "Total", budget.total_usd, kind="number", step="0.01") }}
    {% endcall %}

The form is posted with where the person was. The act is done as the API does it: by who has the scope `admin`, from a
page of this server's own, with errors of the same classes. It is answered with 303 to where the person was, which says
the words that `does` returned; an error is a page that says what was wrong, with its status. An act with a `question`
asks it before: in a dialogue, or, where no script runs, on a page of its own.

Fields are as browsers send them: one that was left empty is left out, so that a default holds or the error says that it
is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, ValidationError

from agentgauge.api.access import Admin, RuntimeOf, check_own_page
from agentgauge.api.own_paths import own_path
from agentgauge.dashboard import rendering
from agentgauge.dashboard.form_body import fields_of
from agentgauge.dashboard.said import Offer, Said, Tone, say
from agentgauge.service.runtime import Runtime
from agentgauge.service.security.principal import Principal

_THEN, _CONFIRMED = "then", "confirmed"
"""Fields that every form may have besides those of its act."""
_UNKEPT = {"Cache-Control": "no-store"}


class Given(BaseModel):
    """What a form sends, and what its address names."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Acting(msgspec.Struct, frozen=True):
    """What an act is done with."""

    runtime: Runtime
    principal: Principal
    now: datetime
    root: str
    """What a proxy puts before all addresses."""
    then: str
    """Where the person was."""


class Done(msgspec.Struct, frozen=True):
    """What was done, where there is more to it than a sentence, and the person to be sent back."""

    words: str
    then: str | None = None
    """The address of a page, as `asked.link` gives it; None: of the one where they were."""
    tone: Tone = "good"
    """`bad`: it was not done, and the page that they are sent to has what they wrote."""
    undo: Undoing | None = None
    """Offered beside the words."""


class Undoing(msgspec.Struct, frozen=True):
    """How what was done is taken back: an act, and what its form sends."""

    act: Act
    at: Mapping[str, object]
    fields: Mapping[str, object]


class Once(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, with a secret that is shown this once: on a page that nothing keeps, before the person goes on."""

    title: str
    words: str
    secret: str


class Act(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    """As FastAPI writes it: `/alerts/{alert_id}/acknowledge`."""
    given: type[Given]
    does: Callable[[Acting, Any], str | Done | Once]
    """Called on a thread with a `given`; returns what was done, in a sentence or more. Raises `AgentGaugeError`."""
    question: str = ""
    """Asked before something is done that cannot be taken back: `Delete this budget?`"""
    shows_once: bool = False
    """Whether it answers with `Once`: its form leaves the page, which would take the secret away when it is brought up
    to date."""

    def address(self, root: str, at: Mapping[str, object]) -> str:
        """Where its form is posted to."""
        return root + self.path.format(**{name: quote(str(value), safe="") for name, value in at.items()})


def add_route(router: APIRouter, act: Act) -> None:
    async def perform(request: Request, runtime: RuntimeOf, principal: Admin) -> Response:
        check_own_page(request)
        fields = await fields_of(request)
        then = own_path(str(fields.pop(_THEN, "")), f"{request.scope.get('root_path', '')}/")
        is_confirmed = fields.pop(_CONFIRMED, "") == "yes"
        given = _given(act, fields | request.path_params)
        if act.question and not is_confirmed:
            return Response(rendering.confirmation(act, request, fields, then), media_type="text/html")
        acting = Acting(runtime, principal, runtime.now(), request.scope.get("root_path", ""), then)
        done = await run_in_threadpool(act.does, acting, given)
        if isinstance(done, Once):
            return Response(rendering.once(done, acting.root, then), media_type="text/html", headers=_UNKEPT)
        if isinstance(done, str):
            done = Done(done)
        response = RedirectResponse(done.then or then, 303)
        say(request, response, Said(done.words, done.tone, _offer(done.undo, acting.root)))
        return response

    router.add_api_route(act.path, perform, methods=["POST"], name=f"act {act.path}")


def _offer(undo: Undoing | None, root: str) -> Offer | None:
    if undo is None:
        return None
    return Offer("Undo", undo.act.address(root, undo.at), {name: str(value) for name, value in undo.fields.items()})


def _given(act: Act, fields: Mapping[str, Any]) -> Given:
    try:
        return act.given.model_validate(fields)
    except ValidationError as error:
        found = [{**one, "loc": ("body", *one["loc"])} for one in error.errors(include_url=False)]
        raise RequestValidationError(found) from None
