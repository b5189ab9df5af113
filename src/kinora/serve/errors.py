"""What goes wrong, as OpenAI's clients read it: `{"error": {"message", "type", "param", "code"}}`, all four, always.

    raise ApiError(404, "No video 'video_1'.", code="not_found", param="video_id")

The clients retry 408, 409, 429 and every 5xx, a POST too, unless `x-should-retry: false` forbids it: whatever a second
try can't mend carries that header, and a full queue is 429 with Retry-After, never 409.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match

from kinora import errors
from kinora.serve.complaints import complaint

log = logging.getLogger(__name__)

TYPES = {403: "permission_error", 429: "rate_limit_error"}
"""The envelope's `type` by status; 400 to 499 are otherwise `invalid_request_error`, the rest `server_error`."""

CODES = {400: "invalid_value", 401: "invalid_api_key", 403: "access_not_granted", 404: "not_found"}
CODES |= {405: "method_not_allowed", 413: "request_too_large", 415: "unsupported_media_type"}
CODES |= {429: "rate_limit_exceeded", 503: "unavailable"}
"""The `code` of errors that say nothing nearer."""

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

BLOCKED = "moderation_blocked"

LATER = {"Retry-After": "30"}
"""With what may be mended while the client waits."""


class ApiError(Exception):
    """An answer other than the one asked for. `param` names the field at fault; `headers` go out with it."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code or CODES.get(status, "server_error" if status >= 500 else "invalid_request")
        self.param = param
        self.headers = dict(headers or {})

    def response(self) -> JSONResponse:
        """The answer as it is sent."""
        headers = dict(self.headers)
        if self.status == 409 or (self.status >= 500 and "Retry-After" not in headers):
            headers.setdefault("x-should-retry", "false")
        return JSONResponse(self.body(), status_code=self.status, headers=headers)

    def body(self) -> dict[str, Any]:
        """The envelope."""
        kind = TYPES.get(self.status, "invalid_request_error" if self.status < 500 else "server_error")
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}


def not_found(what: str, identifier: str, param: str) -> ApiError:
    """The error for a thing that isn't there, or belongs to somebody else: the two look the same from outside."""
    return ApiError(404, f"No {what} found with id '{identifier[:80]}'.", code="not_found", param=param)


def of_kinora(error: errors.KinoraError, param: str | None = None) -> ApiError:
    """What one of Kinora's own errors becomes: its message names value, rule and remedy already."""
    match error:
        case errors.Refused():
            return ApiError(400, str(error), code=BLOCKED, param=param)
        case errors.UnknownModel():
            return ApiError(404, str(error), code="model_not_found", param=param or "model")
        case errors.BadInputFile():
            return ApiError(400, str(error), code="invalid_file", param=param)
        case errors.OutputError():  # the caller of an API chooses no place to write to
            return ApiError(503, "The server can't store files now.", code="unavailable", headers=LATER)
        case errors.UserError():
            return ApiError(400, str(error), code="invalid_value", param=param)
        case errors.Unavailable():
            return ApiError(503, str(error), code="unavailable", param=param)
        case _:
            return failed()


def failed() -> ApiError:
    """All that is told of a fault of ours; the log has the rest, under the request's id."""
    return ApiError(500, "The server failed; its log says why.", code="server_error")


def allowed(request: Request) -> list[str]:
    """The methods that there are for a request's path: a router names those of the first route that has it."""
    routes: Sequence[BaseRoute] = request.app.routes
    tried = ((method, {**request.scope, "method": method}) for method in METHODS)
    return [method for method, scope in tried if any(one.matches(scope)[0] is Match.FULL for one in routes)]


def unheard() -> ApiError:
    """What is told while the store does not answer: it is being restarted, or its disk is full."""
    return ApiError(503, "The server's store does not answer now.", headers=LATER)


def install(app: FastAPI) -> None:
    """Make every failure of `app` answer with the envelope, and none with a stack trace."""

    async def api(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, ApiError)
        return error.response()

    async def kinora(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, errors.KinoraError)
        answer = of_kinora(error)
        if answer.status >= 500:
            log.error("%s: %s", type(error).__name__, error)
        return answer.response()

    async def query(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return ApiError(400, **complaint(list(error.errors()), skip=1)).response()

    async def body(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, ValidationError)
        return ApiError(400, **complaint(list(error.errors()))).response()

    async def http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        said = {
            404: f"Unknown request URL: {request.method} {request.url.path[:200]}. See /docs for what there is.",
            405: f"{request.method} is not allowed for {request.url.path[:200]}.",
        }.get(error.status_code, str(error.detail))
        headers = {"Allow": ", ".join(allowed(request))} if error.status_code == 405 else error.headers
        return ApiError(error.status_code, said, headers=headers).response()

    async def store(_: Request, error: Exception) -> JSONResponse:
        log.error("the store does not answer: %s", error)
        return unheard().response()

    async def anything(request: Request, error: Exception) -> JSONResponse:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return failed().response()

    handlers: list[tuple[type[Exception], Callable[[Request, Exception], Awaitable[JSONResponse]]]] = [
        (ApiError, api),
        (errors.KinoraError, kinora),
        (RequestValidationError, query),
        (ValidationError, body),
        (HTTPException, http),
        (OperationalError, store),
        (Exception, anything),
    ]
    for kind, handler in handlers:
        app.add_exception_handler(kind, handler)
