"""Sign-ins in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from services.access.enums import Purpose
from services.access.masking import mask_name
from services.access.operations import record_access
from services.parties.queries import person_of
from workflows.queries.calendars import database_now


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]
    """Sign-ins: closed, never deleted, as what they did stays theirs."""

    list_display = ("username", "shown_name", "is_active", "is_staff", "last_login")
    search_fields = ("username", "name", "email")
    fieldsets = (
        (None, {"fields": ("username", "password", "name", "email", "language", "large_text")}),
        (_("Rights"), {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        (_("Times"), {"fields": ("last_login", "date_joined")}),
    )

    @admin.display(description=_("Name"), ordering="name")
    def shown_name(self, user: User) -> str:
        """A list shows only those who work here by their whole name."""
        return user.name if user.is_staff else mask_name(user.name)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Open one sign-in; that somebody's name and address were seen is written down for her to read."""
        found = self.get_object(request, object_id)
        person = person_of(found) if isinstance(found, User) else None
        if person is not None and self.has_view_permission(request, found):
            record_access(
                reader=request.user,
                subject_kind="person",
                subject_id=person.pk,
                fields=["name", "email"],
                purpose=Purpose.ACCOUNT,
                at=database_now(),
            )
        return super().change_view(request, object_id, form_url, extra_context)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Nobody deletes a sign-in."""
        return False
