"""Addresses of our own pages under accounts/; allauth brings the others."""

from django.urls import path

from portal.accounts import views

app_name = "accounts"

urlpatterns = [
    path("my-page/", views.my_page, name="my_page"),
    path("profile/", views.profile, name="profile"),
]
