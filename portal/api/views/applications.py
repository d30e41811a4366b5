"""My applications, and where they stand."""

from __future__ import annotations

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.serializers.applications import ApplicationSerializer, TimelineSerializer
from portal.api.views.base import PAGING, PrivateView, page_of, paged
from services.cases.permissions import applications_of
from services.cases.queries.timeline import timeline_of
from workflows.queries.calendars import database_now

_RELATED = ("bundle__bundle", "service__item")


class ApplicationsView(PrivateView):
    """The applications she filed or may act for."""

    @extend_schema(
        operation_id="applications_list",
        tags=["applications"],
        parameters=PAGING,
        responses=page_of(ApplicationSerializer, "ApplicationPage"),
    )
    def get(self, request: Request) -> Response:
        """List my applications, the latest changed first."""
        rows = applications_of(request.user, database_now()).select_related(*_RELATED)
        return paged(self, request, rows, lambda page: ApplicationSerializer(page, many=True).data)


class ApplicationView(PrivateView):
    """One of them."""

    @extend_schema(operation_id="applications_read", tags=["applications"], responses=ApplicationSerializer)
    def get(self, request: Request, public_id: str) -> Response:
        """Read an application."""
        rows = applications_of(request.user, database_now()).select_related(*_RELATED)
        return Response(ApplicationSerializer(get_object_or_404(rows, public_id=public_id)).data)


class TimelineView(PrivateView):
    """Where it stands."""

    @extend_schema(operation_id="applications_timeline", tags=["applications"], responses=TimelineSerializer)
    def get(self, request: Request, public_id: str) -> Response:
        """Read which departments work now, by when and why, what is decided, and which papers there are."""
        at = database_now()
        rows = applications_of(request.user, at).select_related(*_RELATED)
        application = get_object_or_404(rows, public_id=public_id)
        return Response(TimelineSerializer(timeline_of(application, at=at)).data)
