"""Parties in the admin. Posts and mandates are given by operations; here they are looked at, and departments kept."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from services.parties.models import Department, Hall, Mandate, Membership, Organisation, Person, Window


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Shows rows that only operations write."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Operations add."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Operations change."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nothing of it is deleted."""
        return False


class KeptAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that may be added and changed, but other rows refer to them for good."""

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nothing of it is deleted."""
        return False


@admin.register(Person)
class PersonAdmin(ReadOnlyAdmin):
    """Persons, masked: an administrator runs the system and reads nobody's data."""

    list_display = ("public_id", "masked_name", "id_kind", "registered_at")
    fields = ("public_id", "masked_name", "id_kind", "masked_id_number", "masked_mobile", "registered_at")
    ordering = ("-registered_at",)


@admin.register(Organisation)
class OrganisationAdmin(ReadOnlyAdmin):
    """Organisations."""

    list_display = ("name", "uscc", "kind", "registered_on", "source")
    list_filter = ("kind", "source")
    search_fields = ("name", "uscc")


@admin.register(Department)
class DepartmentAdmin(KeptAdmin):
    """Departments; the code is fixed once given."""

    list_display = ("code", "name_zh", "name_en", "kind", "phone")
    search_fields = ("code", "name_zh", "name_en")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep the code of a department that exists."""
        return ("code",) if obj else ()


@admin.register(Hall)
class HallAdmin(KeptAdmin):
    """Halls."""

    list_display = ("code", "name_zh", "name_en", "phone")


@admin.register(Window)
class WindowAdmin(KeptAdmin):
    """Windows."""

    list_display = ("hall", "number", "name_zh", "kind", "all_departments")
    list_select_related = ("hall",)
    filter_horizontal = ("departments",)


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    """Appointments."""

    list_display = ("user", "role", "department", "window", "since", "until")
    list_filter = ("role", "department")
    list_select_related = ("user", "department", "window")
    search_fields = ("user__username", "user__name")


@admin.register(Mandate)
class MandateAdmin(ReadOnlyAdmin):
    """Mandates."""

    list_display = ("public_id", "agent", "valid_from", "valid_until", "revoked_at")
    list_select_related = ("agent",)
