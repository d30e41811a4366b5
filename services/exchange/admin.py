"""Django admin of the data exchange: who asked which register for what, and how the registers are doing."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from services.exchange.models import SourceCall, SourceHealth


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows made by operations only."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nothing is added by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Nothing is changed by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Nothing is deleted by hand."""
        return False


@admin.register(SourceCall)
class SourceCallAdmin(ReadOnlyAdmin):
    """The log of questions."""

    list_display = ("asked_at", "source", "purpose", "key_masked", "asked_by", "outcome", "error", "milliseconds")
    list_filter = ("source", "outcome", "error", "cached")
    list_select_related = ("asked_by",)
    exclude = ("key_index",)


@admin.register(SourceHealth)
class SourceHealthAdmin(ReadOnlyAdmin):
    """How the registers are doing."""

    list_display = ("source", "failures", "rests_until", "last_success_at", "last_failure_at", "last_error")
