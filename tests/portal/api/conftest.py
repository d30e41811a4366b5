"""Callers of the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

from tests.factories.parties import MembershipFactory

BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture(autouse=True)
def _fresh_throttles() -> None:
    cache.clear()


@pytest.fixture
def as_user() -> Callable[[Any], APIClient]:
    """Return a client in whose session somebody is signed in."""

    def client_of(user: Any) -> APIClient:
        client = APIClient()
        client.force_login(user, backend=BACKEND)
        return client

    return client_of


@pytest.fixture
def handler() -> Any:
    """Return a handler of SCJG who reads English."""
    return MembershipFactory(department__code="SCJG", role="handler", user__language="en").user
