"""The public catalogue: what the city offers."""

from __future__ import annotations

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.serializers.catalogue import (
    BundleDetailSerializer,
    BundleSerializer,
    ListedItemDetailSerializer,
    ListedItemSerializer,
    ServiceDetailSerializer,
    ServiceSerializer,
)
from portal.api.views.base import PAGING, PublicView, page_of, paged
from services.catalogue.models import BundleVersion, ListedItem, ServiceVersion
from services.catalogue.queries import (
    current_bundle_version,
    current_version,
    listed_item,
    listed_items,
    published_bundles,
    published_items,
)


class ServicesView(PublicView):
    """Services in use."""

    @extend_schema(
        operation_id="services_list",
        tags=["catalogue"],
        parameters=[*PAGING, OpenApiParameter("department", OpenApiTypes.STR, description="A department's code")],
        responses=page_of(ServiceSerializer, "ServicePage"),
    )
    def get(self, request: Request) -> Response:
        """List the services in use, by department and code."""
        rows = published_items()
        if department := request.query_params.get("department"):
            rows = rows.filter(item__department__code=department)
        return paged(self, request, rows, lambda page: ServiceSerializer(page, many=True).data)


class ServiceView(PublicView):
    """One service."""

    @extend_schema(operation_id="services_read", tags=["catalogue"], responses=ServiceDetailSerializer)
    def get(self, request: Request, code: str) -> Response:
        """Read a service with its whole guide."""
        try:
            return Response(ServiceDetailSerializer(current_version(code)).data)
        except ServiceVersion.DoesNotExist as error:
            raise Http404 from error


class ListedItemsView(PublicView):
    """Items that only stand in a department's list."""

    @extend_schema(
        operation_id="listed_items_list",
        tags=["catalogue"],
        parameters=[*PAGING, OpenApiParameter("list", OpenApiTypes.STR, description="Name of the list")],
        responses=page_of(ListedItemSerializer, "ListedItemPage"),
    )
    def get(self, request: Request) -> Response:
        """List the items without a guide of their own, by code: they can be found, but not applied for here."""
        rows = listed_items()
        if name := request.query_params.get("list"):
            rows = rows.filter(list_name=name) if "\x00" not in name else rows.none()
        return paged(self, request, rows, lambda page: ListedItemSerializer(page, many=True).data)


class ListedItemView(PublicView):
    """One listed item."""

    @extend_schema(operation_id="listed_items_read", tags=["catalogue"], responses=ListedItemDetailSerializer)
    def get(self, request: Request, code: str) -> Response:
        """Read what the list says about an item, in the list's own further columns too."""
        try:
            return Response(ListedItemDetailSerializer(listed_item(code)).data)
        except ListedItem.DoesNotExist as error:
            raise Http404 from error


class BundlesView(PublicView):
    """Bundles in use."""

    @extend_schema(
        operation_id="bundles_list",
        tags=["catalogue"],
        parameters=PAGING,
        responses=page_of(BundleSerializer, "BundlePage"),
    )
    def get(self, request: Request) -> Response:
        """List the bundles in use with their parts."""
        return paged(self, request, published_bundles(), lambda page: BundleSerializer(page, many=True).data)


class BundleView(PublicView):
    """One bundle."""

    @extend_schema(operation_id="bundles_read", tags=["catalogue"], responses=BundleDetailSerializer)
    def get(self, request: Request, code: str) -> Response:
        """Read a bundle with the questions that decide which parts are needed."""
        try:
            return Response(BundleDetailSerializer(current_bundle_version(code)).data)
        except BundleVersion.DoesNotExist as error:
            raise Http404 from error
