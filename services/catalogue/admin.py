"""The catalogue in the administration: to be read; what is published changes through new versions."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from services.catalogue.models import (
    Bundle,
    BundlePart,
    BundleVersion,
    Faq,
    Fee,
    LegalBasis,
    ListedItem,
    Material,
    Question,
    ResultKind,
    ServiceItem,
    ServiceVersion,
    Step,
    StopRule,
)


class ReadOnly:
    """Nothing is added, changed or deleted here."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False


def _rows(of: type[Any], owner: str | None = None) -> Any:
    """Return an inline that shows the rows of a version."""
    return type(f"{of.__name__}Inline", (ReadOnly, admin.StackedInline), {"model": of, "extra": 0, "fk_name": owner})


@admin.register(ServiceItem)
class ServiceItemAdmin(ReadOnly, admin.ModelAdmin):
    """Items by department."""

    list_display = ("code", "name_zh", "name_en", "level", "item_type", "department")
    list_filter = ("department", "item_type", "level")
    list_select_related = ("department",)
    search_fields = ("code", "name_zh", "name_en")


@admin.register(ServiceVersion)
class ServiceVersionAdmin(ReadOnly, admin.ModelAdmin):
    """A published guide with all its rows."""

    list_display = ("item", "number", "state", "process_key", "decision_place", "published_at")
    list_filter = ("state", "process_key", "decision_place")
    list_select_related = ("item",)
    search_fields = ("item__code", "name_zh", "name_en")
    inlines = [_rows(one) for one in (Material, Fee, LegalBasis, Step, ResultKind, Faq)] + [
        _rows(one, "service_version") for one in (Question, StopRule)
    ]


@admin.register(Bundle)
class BundleAdmin(ReadOnly, admin.ModelAdmin):
    """Bundles."""

    list_display = ("code", "name_zh", "name_en")
    search_fields = ("code", "name_zh", "name_en")


@admin.register(BundleVersion)
class BundleVersionAdmin(ReadOnly, admin.ModelAdmin):
    """A published bundle with its parts and questions."""

    list_display = ("bundle", "number", "state", "lead_department", "published_at")
    list_filter = ("state",)
    list_select_related = ("bundle", "lead_department")
    inlines = [_rows(BundlePart), _rows(Question, "bundle_version"), _rows(StopRule, "bundle_version")]


@admin.register(ListedItem)
class ListedItemAdmin(ReadOnly, admin.ModelAdmin):
    """Items of imported lists."""

    list_display = ("item_code", "name_zh", "department_zh", "item_type", "list_name", "withdrawn_at")
    list_filter = ("list_name", "department_zh", "item_type")
    search_fields = ("item_code", "name_zh")
