"""How the API describes itself (OpenAPI 3)."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from portal.api.idempotency import HEADER
from portal.api.problems import MEDIA_TYPE

_TEXT = {"type": "string"}
PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "An error (RFC 9457). `code` is stable and for programs, `detail` is for people.",
    "required": ["type", "title", "status", "code", "detail", "instance", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": _TEXT,
        "status": {"type": "integer"},
        "code": _TEXT,
        "detail": _TEXT,
        "instance": _TEXT,
        "request_id": _TEXT,
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "message"],
                "properties": {"field": _TEXT, "code": _TEXT, "message": _TEXT},
            },
        },
    },
}


class Schema(AutoSchema):
    """Tells which requests need an Idempotency-Key."""

    def get_override_parameters(self) -> list[Any]:
        """Add the header to operations that change something."""
        handler = getattr(self.view, self.method.lower(), None)
        if not getattr(handler, "idempotent", False):
            return []
        return [
            OpenApiParameter(
                name=HEADER,
                type=OpenApiTypes.STR,
                location=OpenApiParameter.HEADER,
                required=True,
                description="A value of your own choice, the same for every try of this request; kept for 48 hours.",
            )
        ]


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes the sign-in by token."""

    target_class = "portal.api.authentication.BearerAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        """Return the scheme."""
        return {"type": "http", "scheme": "bearer"}


def add_problems(result: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
    """Add the problem to every operation as its answer to anything that went wrong."""
    result["components"]["schemas"]["Problem"] = PROBLEM
    reference = {"$ref": "#/components/schemas/Problem"}
    answer = {"description": "What went wrong", "content": {MEDIA_TYPE: {"schema": reference}}}
    for path in result["paths"].values():
        for operation in path.values():
            operation["responses"].setdefault("default", answer)
    return result
