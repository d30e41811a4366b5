"""Addresses of our own pages under accounts/; allauth brings the others."""

from django.urls import path

from portal.accounts import kept_forms, notice_settings, program, views

app_name = "accounts"

urlpatterns = [
    path("my-page/", views.my_page, name="my_page"),
    path("profile/", views.profile, name="profile"),
    path("kept-form/", kept_forms.kept_form, name="kept_form"),
    path("notices/", notice_settings.settings_page, name="notice_settings"),
    path("notices/program/", program.program, name="program"),
    path("notices/program/register/", program.register, name="register_program"),
    path("notices/program/rotate/", program.rotate, name="rotate_program"),
    path("notices/program/remove/", program.remove, name="remove_program"),
]
