"""The routes that the components call. Who asks is known before a request comes here; what they may is the desk's to say."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from functools import cache
from typing import Annotated, Any

from anyio import CapacityLimiter, to_thread
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from drafting.errors import DeskError, Forbidden, NotThere
from drafting.users import User
from ui import jobs, letters


class Text(BaseModel):
    """A letter as the editor sends it. Long enough for any letter, short enough to check while somebody types."""

    model_config = ConfigDict(extra="ignore")

    subject: str = Field(max_length=2_000)
    body: str = Field(max_length=60_000)
    letter: int | None = None
    case: str | None = Field(default=None, max_length=64)
    facts: bool = False
    trial: str | None = Field(default=None, max_length=64)
    base: int | str | None = None


class Values(BaseModel):
    """Fields that somebody fills in, as they stand."""

    model_config = ConfigDict(extra="ignore")

    values: dict[Annotated[str, Field(max_length=200)], Annotated[str, Field(max_length=8_000)]] = Field(max_length=60)


def _person(request: Request) -> User:
    person: User = request.scope["state"]["person"]
    return person


async def _text(request: Request) -> Text | Response:
    try:
        return Text.model_validate_json(await request.body())
    except ValidationError:
        return JSONResponse({"error": "that is no letter, or too long a one"}, 422)


async def _answer(work: Callable[..., Any], *given: Any, turns: CapacityLimiter | None = None) -> Response:
    """Run the work in a thread, when it is its turn, and answer with what it returns, or with the desk's one line."""
    try:
        found = await to_thread.run_sync(work, *given, limiter=turns)
    except Forbidden as error:
        return JSONResponse({"error": str(error)}, 403)
    except NotThere as error:
        return JSONResponse({"error": str(error)}, 404)
    except DeskError as error:
        return JSONResponse({"error": str(error)}, 409)
    return found if isinstance(found, Response) else JSONResponse(found, headers={"cache-control": "no-store"})


@cache
def _checks() -> CapacityLimiter:
    """Return what lets one check run at a time: they are pure computing, and side by side each would end as late as the last."""
    return CapacityLimiter(1)


async def check(request: Request) -> Response:
    """Answer with what the rules say of a text."""
    text = await _text(request)
    return (
        text
        if isinstance(text, Response)
        else await _answer(letters.check_text, _person(request), text.subject, text.body, text.letter, text.case, text.trial, text.facts, turns=_checks())
    )


async def keep(request: Request) -> Response:
    """Keep what somebody has typed and not saved."""
    text = await _text(request)
    if isinstance(text, Response):
        return text
    return await _answer(letters.keep_typed, _person(request), request.path_params["place"], text.subject, text.body, text.base)


async def keep_fields(request: Request) -> Response:
    """Keep what somebody has filled in so far."""
    try:
        said = Values.model_validate_json(await request.body())
    except ValidationError:
        return JSONResponse({"error": "those are no fields, or too long ones"}, 422)
    return await _answer(letters.keep_fields, _person(request), request.path_params["place"], said.values)


async def revision(request: Request) -> Response:
    """Answer with the text of one revision."""
    return await _answer(letters.revision_text, _person(request), request.path_params["id"], request.path_params["number"])


async def export(request: Request) -> Response:
    """Answer with a letter as a file. Nothing is sent anywhere."""

    def make() -> Response:
        made = letters.export(_person(request), request.path_params["id"], request.path_params["form"])
        return Response(made.data, media_type=made.media, headers={"content-disposition": f'attachment; filename="{made.name}"', "cache-control": "no-store"})

    return await _answer(make)


async def stream(request: Request) -> Response:
    """Answer with what happens in a draft, a line of JSON each, from its beginning."""
    job = jobs.get(request.path_params["id"], _person(request).name)
    if job is None:
        return JSONResponse({"error": "there is no such draft of yours: press Draft again"}, 404)

    async def lines() -> AsyncIterator[str]:
        sent = 0
        while True:
            over = job.over  # read before the events: what is said before the end is never missed
            for event in job.events[sent:]:
                sent += 1
                yield json.dumps(event) + "\n"
            if over:
                return
            await asyncio.sleep(0.02)

    return StreamingResponse(lines(), media_type="application/x-ndjson", headers={"cache-control": "no-store", "x-accel-buffering": "no"})


def routes() -> list[Route]:
    """Return the routes below /api."""
    return [
        Route("/check", check, methods=["POST"]),
        Route("/typed/{place:path}", keep, methods=["PUT"]),
        Route("/fields/{place}", keep_fields, methods=["PUT"]),
        Route("/letters/{id:int}/revisions/{number:int}", revision),
        Route("/letters/{id:int}/export/{form}", export, methods=["POST"]),
        Route("/drafts/{id}/stream", stream),
    ]
