"""What all views share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.api.pagination import Pages

PAGING = [
    OpenApiParameter("page", OpenApiTypes.INT, description="Which page, from 1"),
    OpenApiParameter("page_size", OpenApiTypes.INT, description="Rows per page, at most 100"),
]


def page_of(serializer: type[serializers.Serializer[Any]], name: str) -> serializers.Serializer[Any]:
    """Return the serializer of a page of rows, for the schema."""
    return inline_serializer(
        name,
        {
            "count": serializers.IntegerField(),
            "next": serializers.URLField(allow_null=True),
            "previous": serializers.URLField(allow_null=True),
            "results": serializer(many=True),
        },
    )


class PrivateView(APIView):
    """For those who signed in; no cache may keep the answer."""

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Forbid caches to keep it."""
        final: HttpResponseBase = super().finalize_response(request, response, *args, **kwargs)
        final.headers["Cache-Control"] = "no-store, private"
        return final


class PublicView(APIView):
    """For everybody. Who calls does not matter, so nobody is asked: an old token is no reason to refuse."""

    authentication_classes: Sequence[Any] = ()
    permission_classes: Sequence[Any] = (AllowAny,)


class UnknownAddress(PublicView):
    """Answers every address below /api/ that is none."""

    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Raise NotFound, whatever the method."""
        raise NotFound


def paged(view: APIView, request: Request, rows: Any, shown: Callable[[Iterable[Any]], Any]) -> Response:
    """Answer one page of rows (a queryset or list in a stable order); `shown` makes the data of a page's rows."""
    pages = Pages()
    page = pages.paginate_queryset(rows, request, view=view)
    return pages.get_paginated_response(shown(page or []))
