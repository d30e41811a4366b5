"""The guide of a service or a bundle, and its process."""

from __future__ import annotations

from typing import Any

from csp.decorators import csp_update
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from portal.public.guides import BundleGuide, ServiceGuide, bundle_guide, service_guide
from portal.public.views.listed import listed_guide
from portal.ui.page_cache import cached_for_visitors
from services.catalogue import queries
from services.catalogue.models import BundleVersion, ServiceVersion
from workflows.queries.calendars import calendar_for, database_now
from workflows.queries.definitions import UnknownProcessError, published_definition


@require_safe
@login_not_required
@cached_for_visitors()
def guide(request: HttpRequest, code: str) -> HttpResponse:
    """Show the guide of the service or bundle in use under this code; of an item only listed, what its list says."""
    try:
        found = _guide(code)
    except Http404:
        return listed_guide(request, code)
    template = "public/guide_bundle.html" if found.is_bundle else "public/guide_service.html"
    return render(request, template, {"guide": found, "version": found.version, "code": code})


def _guide(code: str) -> BundleGuide | ServiceGuide:
    facts: dict[str, Any] = {"at": database_now(), "language": get_language() or "zh-hans"}
    calendar = calendar_for()
    try:
        return bundle_guide(code, calendar, **facts)
    except BundleVersion.DoesNotExist:
        pass
    try:
        return service_guide(code, calendar, **facts)
    except ServiceVersion.DoesNotExist:
        raise Http404 from None


def _version(code: str) -> BundleVersion | ServiceVersion:
    try:
        return queries.current_bundle_version(code)
    except BundleVersion.DoesNotExist:
        pass
    try:
        return queries.current_version(code)
    except ServiceVersion.DoesNotExist:
        raise Http404 from None


# bpmn-js writes style attributes into the drawing and cannot do otherwise: allowed on this page alone (docs/look.md)
@csp_update({"style-src-attr": ["'unsafe-inline'"]})  # type: ignore[arg-type]  # the package's types know no arguments
@require_safe
@login_not_required
def process(request: HttpRequest, code: str) -> HttpResponse:
    """Show the process as a diagram, with its steps as a list beside it."""
    version = _version(code)
    steps = list(version.steps.all()) if isinstance(version, ServiceVersion) else []
    return render(request, "public/process.html", {"version": version, "code": code, "steps": steps})


@require_safe
@login_not_required
def process_source(request: HttpRequest, code: str) -> HttpResponse:
    """Send the process as BPMN 2.0 XML, as the engine runs it."""
    try:
        definition = published_definition(_version(code).process_key)
    except UnknownProcessError:
        raise Http404 from None
    return HttpResponse(definition.source, content_type="application/xml; charset=utf-8")
