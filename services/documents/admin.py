"""Django admin of uploads and papers: to look, and to see which paper could not be rendered and why."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.http import HttpRequest

from services.documents.models import Delivery, Paper, PaperCounter, Upload


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


@admin.register(Paper)
class PaperAdmin(ReadOnlyAdmin):
    """Papers without what personal data they hold."""

    list_display = ("number", "kind", "department", "status", "issued_at", "rendered_at", "render_error")
    list_filter = ("kind", "department", "status", "specimen", ("rendered_at", admin.EmptyFieldListFilter))
    search_fields = ("number", "verify_code")
    exclude = ("facts", "holder")


@admin.register(Upload)
class UploadAdmin(ReadOnlyAdmin):
    """Uploads without their contents."""

    list_display = ("public_id", "material_code", "media_type", "size", "state", "scan", "scan_note", "uploaded_at")
    list_filter = ("state", "scan", "media_type")
    search_fields = ("public_id", "sha256")
    exclude: ClassVar[tuple[str, ...]] = ("original_name",)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """How papers reached people."""

    list_display = ("paper", "channel", "delivered_at", "opened_at")
    list_filter = ("channel",)
    list_select_related = ("paper",)


@admin.register(PaperCounter)
class PaperCounterAdmin(ReadOnlyAdmin):
    """The last number of each kind."""

    list_display = ("department", "kind", "year", "last")
    list_filter = ("year", "department")
