"""Addresses of the public door."""

from django.urls import path

from portal.public.views import about, preferences

app_name = "public"

urlpatterns = [
    path("large-text/", preferences.set_large_text, name="set_large_text"),
    path("about/", about.about, name="about"),
    path("about/accessibility/", about.accessibility, name="accessibility"),
    path("about/privacy/", about.privacy, name="privacy"),
]
