"""Columns that Django does not have."""

from __future__ import annotations

import json
from typing import Any

from django.db import models
from psycopg.types.json import Json


def compact(value: Any) -> str:
    """Return a value as JSON without spaces."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


class TextJSONField(models.JSONField):
    """JSON kept as its text (`json`): for small values that are read whole and never searched, a third shorter.

    Look-ups into it need `Cast(…, JSONField())`.
    """

    def db_type(self, connection: Any) -> str:
        """Return the column's type."""
        return "json"

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        """Return what the driver writes."""
        return value if value is None or hasattr(value, "resolve_expression") else Json(value, dumps=compact)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Return what the driver read: it parses this type by itself."""
        return value
