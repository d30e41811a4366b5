"""The REST interface: who may call it, how it answers, how it describes itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

REST_FRAMEWORK: dict[str, Any] = {
    # The token comes first, so that a call without one is answered 401 and not 403.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "portal.api.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["portal.api.parsers.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "portal.api.pagination.Pages",
    "DEFAULT_SCHEMA_CLASS": "portal.api.schema.Schema",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_THROTTLE_RATES": {"token": "10/min"},
    "EXCEPTION_HANDLER": "portal.api.problems.answer",
    "NUM_PROXIES": 1,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "One-Stop API",
    "DESCRIPTION": "Services, applications and tasks of the city's one-stop portal.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "ApplicationStateEnum": "services.cases.enums.ApplicationState",
        "CaseStateEnum": "services.cases.enums.CaseState",
        "AskedKindEnum": "portal.api.serializers.tasks.ASKED_KINDS",
        "TaskStateEnum": "workflows.enums.TaskState",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "portal.api.schema.add_problems",
    ],
}
# A token ends as a staff session does; whoever needs longer signs in again.
API_TOKEN_LIFETIME = timedelta(hours=12)
# How long the answer to a keyed request is kept, so that a repeated one is answered the same.
API_KEY_KEPT = timedelta(hours=48)
