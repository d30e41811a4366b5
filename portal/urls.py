"""Every address of the portal, one line per door."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from portal.accounts.views import SignupView
from portal.oversight.views.health import full
from portal.ui import health
from portal.ui.language import switch_language

handler400 = "portal.ui.errors.bad_request"
handler403 = "portal.ui.errors.permission_denied"
handler404 = "portal.ui.errors.page_not_found"
handler500 = "portal.ui.errors.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("portal.public.urls")),
    path("counter/", include("portal.counter.urls")),
    path("desk/", include("portal.desk.urls")),
    path("healthz/full", full, name="health-full"),
    path("healthz/live", health.live, name="health-live"),
    path("healthz/ready", health.ready, name="health-ready"),
    path("language/", switch_language, name="set_language"),
    path("my/", include("portal.applicant.urls")),
    path("oversight/", include("portal.oversight.urls")),
    path("api/", include("portal.api.urls")),
    path("admin/", admin.site.urls),
    path("accounts/", include("portal.accounts.urls")),
    path("accounts/signup/", SignupView.as_view(), name="account_signup"),
    path("accounts/", include("allauth.urls")),
]
