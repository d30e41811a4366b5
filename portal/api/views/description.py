"""The API's description: for programs as OpenAPI, for people as a page."""

from __future__ import annotations

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.views import SpectacularAPIView


class SchemaView(SpectacularAPIView):
    """The OpenAPI document; public, as the catalogue is."""

    authentication_classes = ()
    permission_classes = ()


# Swagger UI sets style attributes on what it draws and loads its icons as data: images. Scripts stay as strict as
# everywhere; styles cannot run code. Only this page, which shows nothing personal, is widened.
@csp_replace({"style-src": [SELF, UNSAFE_INLINE], "img-src": [SELF, "data:"]})
@require_safe
@login_not_required
def docs(request: HttpRequest) -> HttpResponse:
    """Show the description as a page on which requests can be tried."""
    return render(request, "api/docs.html")
