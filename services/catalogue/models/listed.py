"""An item that stands in a department's list (目录清单) but has no guide of its own (实施清单) yet."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from services.catalogue.enums import ItemType


class ListedItem(models.Model):
    """What a list that was imported says about an item: it can be found, but not applied for.

    It has no process, no form and no limits. Once a service with the same implementation code is published, the
    service is offered instead. `code` stands in addresses; `facts` holds further columns of the list, as it wrote them.
    """

    code = models.SlugField(_("code"), max_length=120, unique=True)
    item_code = models.CharField(_("implementation code"), max_length=100, unique=True)
    list_name = models.CharField(_("list"), max_length=100)
    name_zh = models.CharField(_("name in Chinese"), max_length=300)
    main_item_zh = models.CharField(_("main item in Chinese"), max_length=500, blank=True)
    item_type = models.CharField(_("item type"), max_length=2, choices=ItemType.choices)
    department_zh = models.CharField(_("department in Chinese"), max_length=100)
    department_code = models.CharField(_("code of the department"), max_length=40, blank=True)
    area_code = models.CharField(_("administrative division"), max_length=12, blank=True)
    link = models.URLField(_("where the list points"), max_length=1000, blank=True)
    facts = models.JSONField(_("further columns"), default=dict, blank=True)
    checksum = models.CharField(_("checksum of the content"), max_length=64)
    listed_at = models.DateTimeField(_("imported at"))
    changed_at = models.DateTimeField(_("changed at"))
    withdrawn_at = models.DateTimeField(_("no longer listed since"), null=True, blank=True)

    class Meta:
        verbose_name = _("listed item")
        verbose_name_plural = _("listed items")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(name_zh=""),
                name="listed_item_has_a_name",
                violation_error_message=_("A listed item has a name."),
            ),
        ]

    def __str__(self) -> str:
        """Show it in lists of the administration."""
        return self.name_zh
