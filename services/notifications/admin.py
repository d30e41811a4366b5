"""The outbox in the admin: how far each notice got, without its text; send again and cancel."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from services.notifications.models import Notice
from services.notifications.operations import NoticeStateError, cancel_notice, retry_notice
from services.notifications.permissions import can_mend_notices


@admin.register(Notice)
class NoticeAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Shows the outbox; only the two actions change it."""

    list_display = ("created_at", "kind", "channel", "recipient", "status", "attempts", "next_attempt_at", "last_error")
    list_filter = ("status", "channel", "kind")
    list_select_related = ("recipient",)
    search_fields = ("subject_id", "recipient__username")
    date_hierarchy = "created_at"
    exclude = ("params",)
    actions = ("send_again", "cancel")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only operations owe."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Notice | None = None) -> bool:
        """Nobody rewrites what was owed."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Notice | None = None) -> bool:
        """What was owed is evidence."""
        return False

    def has_mend_permission(self, request: HttpRequest) -> bool:
        """Managers and administrators mend."""
        return can_mend_notices(request.user, timezone.now())

    @admin.action(description=_("Send again"), permissions=["mend"])
    def send_again(self, request: HttpRequest, chosen: QuerySet[Notice]) -> None:
        """Queue the chosen notices once more."""
        self._each(request, chosen, retry_notice)

    @admin.action(description=_("Cancel"), permissions=["mend"])
    def cancel(self, request: HttpRequest, chosen: QuerySet[Notice]) -> None:
        """Give the chosen notices up."""
        self._each(request, chosen, cancel_notice)

    def _each(self, request: HttpRequest, chosen: QuerySet[Notice], operation: Callable[..., Notice]) -> None:
        done, at = 0, timezone.now()
        for notice in chosen:
            try:
                operation(notice=notice, by=request.user, at=at)
                done += 1
            except NoticeStateError as error:
                self.message_user(request, f"{notice}: {error}", messages.WARNING)
        text = ngettext("%(number)d message changed.", "%(number)d messages changed.", done)
        self.message_user(request, text % {"number": done})
