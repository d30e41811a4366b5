"""The access log in the admin, to read only."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from services.access.models import AccessLog


@admin.register(AccessLog)
class AccessLogAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Shows the log; nothing can be added, changed or removed."""

    list_display = ("at", "reader", "subject_kind", "subject_id", "purpose", "case_ref", "allowed")
    list_filter = ("allowed", "subject_kind")
    list_select_related = ("reader",)
    search_fields = ("subject_id", "case_ref", "reader__username")
    date_hierarchy = "at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only operations write the log."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: AccessLog | None = None) -> bool:
        """Nobody rewrites the log."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AccessLog | None = None) -> bool:
        """Nobody removes from the log."""
        return False
