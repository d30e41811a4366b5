"""Addresses of the public door."""

from django.urls import path

from portal.public.views import (
    about,
    catalogue,
    guides,
    once_done,
    preferences,
    ratings,
    sharing,
    verification,
)

app_name = "public"

urlpatterns = [
    path("", catalogue.home, name="home"),
    path("search/", catalogue.catalogue, name="search"),
    path("services/", catalogue.catalogue, name="catalogue"),
    path("guide/<slug:code>/", guides.guide, name="guide"),
    path("guide/<slug:code>/qr.svg", guides.qr_code, name="guide_qr"),
    path("guide/<slug:code>/process/", guides.process, name="process"),
    path("guide/<slug:code>/process.bpmn", guides.process_source, name="process_source"),
    path("once-done/", once_done.once_done_list, name="once_done"),
    path("once-done/list.csv", once_done.once_done_file, name="once_done_file"),
    path("ratings/", ratings.summary, name="ratings"),
    path("rate/<str:code>/", ratings.visit, name="rate_visit"),
    path("verify/", verification.verify, name="verify"),
    path("verify/<str:code>", verification.verify, name="verify_code"),
    path("shared/", sharing.shared, name="shared"),
    path("shared/<str:code>/", sharing.shared, name="shared_code"),
    path("large-text/", preferences.set_large_text, name="set_large_text"),
    path("about/", about.about, name="about"),
    path("about/accessibility/", about.accessibility, name="accessibility"),
    path("about/privacy/", about.privacy, name="privacy"),
]
