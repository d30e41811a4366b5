"""A service item (事项) and its published versions (实施清单)."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from services.catalogue.enums import (
    BodyKind,
    ClockStart,
    DecisionPlace,
    HandlingKind,
    ItemLevel,
    ItemType,
    LimitUnit,
    OnlineDepth,
    PlaceKind,
    PowerSource,
    ReviewKind,
    ServiceArea,
)
from services.catalogue.limit_rules import LimitRules, read_limit_rules
from services.catalogue.models.versions import Version


def codes(label: Any) -> Any:
    """Return a field for several codes of one list."""
    return ArrayField(models.CharField(max_length=4), verbose_name=label, default=list, blank=True)


class ServiceItem(models.Model):
    """What a department offers, in the three levels of the item tree (主项 → 子项 → 业务办理项).

    Only handling items have versions and are applied for. The names here follow the current version.
    """

    code = models.SlugField(_("code"), max_length=80, unique=True)
    level = models.CharField(_("level"), max_length=8, choices=ItemLevel.choices, default=ItemLevel.HANDLING)
    parent = models.ForeignKey(
        "self", models.PROTECT, verbose_name=_("parent item"), null=True, blank=True, related_name="children"
    )
    catalog_code = models.CharField(_("catalogue code"), max_length=32, blank=True)
    task_code = models.CharField(_("implementation code"), max_length=50, blank=True)
    department = models.ForeignKey(
        "parties.Department", models.PROTECT, verbose_name=_("department"), related_name="service_items"
    )
    item_type = models.CharField(_("item type"), max_length=2, choices=ItemType.choices)
    name_zh = models.CharField(_("name in Chinese"), max_length=300)
    name_en = models.CharField(_("name in English"), max_length=300)

    class Meta:
        verbose_name = _("service item")
        verbose_name_plural = _("service items")
        ordering = ["code"]

    def __str__(self) -> str:
        """Show it in lists of the administration."""
        return self.name_zh


class ServiceVersion(Version):
    """One published guide of an item; a case keeps the version it was filed under."""

    item = models.ForeignKey(ServiceItem, models.PROTECT, verbose_name=_("service item"), related_name="versions")

    power_source = models.CharField(_("power source"), max_length=1, choices=PowerSource.choices, default="1")
    use_levels = codes(_("level of exercise"))
    body_kind = models.CharField(_("kind of body"), max_length=1, choices=BodyKind.choices, default="1")
    audiences = codes(_("who can apply"))
    person_themes = codes(_("themes for persons"))
    legal_themes = codes(_("themes for organisations"))

    decision_place = models.CharField(
        _("where the decision is made"), max_length=8, choices=DecisionPlace.choices, default=DecisionPlace.HERE
    )
    outside_system_zh = models.CharField(_("outside system in Chinese"), max_length=200, blank=True)
    outside_system_en = models.CharField(_("outside system in English"), max_length=200, blank=True)
    posts = models.JSONField(_("posts that do the work"), default=dict)

    clock_start = models.CharField(
        _("limits count from"), max_length=12, choices=ClockStart.choices, default=ClockStart.ACCEPTANCE
    )
    promised_amount = models.PositiveIntegerField(_("promised limit"), help_text=_("0 means on the spot"))
    promised_unit = models.CharField(_("unit of the promised limit"), max_length=16, choices=LimitUnit.choices)
    promised_note_zh = models.TextField(_("note on the promised limit in Chinese"), blank=True)
    promised_note_en = models.TextField(_("note on the promised limit in English"), blank=True)
    statutory_amount = models.PositiveIntegerField(
        _("statutory limit"), null=True, blank=True, help_text=_("empty when the law sets none")
    )
    statutory_unit = models.CharField(
        _("unit of the statutory limit"), max_length=16, choices=LimitUnit.choices, blank=True
    )
    statutory_note_zh = models.TextField(_("note on the statutory limit in Chinese"), blank=True)
    statutory_note_en = models.TextField(_("note on the statutory limit in English"), blank=True)
    extension_amount = models.PositiveIntegerField(_("one extension, in the statutory unit"), null=True, blank=True)
    extension_authority_zh = models.CharField(_("who may extend, in Chinese"), max_length=200, blank=True)
    extension_authority_en = models.CharField(_("who may extend, in English"), max_length=200, blank=True)
    delivery_amount = models.PositiveIntegerField(_("limit of delivery"), null=True, blank=True)
    delivery_unit = models.CharField(
        _("unit of the limit of delivery"), max_length=16, choices=LimitUnit.choices, blank=True
    )
    limit_rules = models.JSONField(
        _("further rules of time"),
        default=dict,
        blank=True,
        help_text=_("what the law counts beside these limits; empty means the law's own rules"),
    )
    special_procedure_zh = models.TextField(_("special procedure in Chinese"), blank=True)
    special_procedure_en = models.TextField(_("special procedure in English"), blank=True)

    handling_kind = models.CharField(_("handling kind"), max_length=1, choices=HandlingKind.choices)
    review_kind = models.CharField(_("review kind"), max_length=12, choices=ReviewKind.choices)
    handling_forms = codes(_("ways to apply"))
    visits = models.PositiveSmallIntegerField(_("visits needed"), default=0)
    visits_reason_zh = models.TextField(_("why a visit is needed, in Chinese"), blank=True)
    visits_reason_en = models.TextField(_("why a visit is needed, in English"), blank=True)
    online_depth = codes(_("depth of the online service"))
    service_area = models.CharField(_("where it can be handled"), max_length=1, choices=ServiceArea.choices)
    place_kind = models.CharField(_("kind of place"), max_length=1, choices=PlaceKind.choices, default="1")
    address_zh = models.CharField(_("address in Chinese"), max_length=300)
    address_en = models.CharField(_("address in English"), max_length=300)
    hours_zh = models.CharField(_("opening hours in Chinese"), max_length=300)
    hours_en = models.CharField(_("opening hours in English"), max_length=300)
    consult_ways = codes(_("ways to ask"))
    consult_phone = models.CharField(_("phone for questions"), max_length=40)
    complaint_phone = models.CharField(_("phone for complaints"), max_length=40)
    bookable = models.BooleanField(_("appointment possible"), default=True)
    posted_result = models.BooleanField(_("result by courier"), default=True)
    pays_online = models.BooleanField(_("fees can be paid online"), default=False)
    self_service = models.BooleanField(_("self-service machine"), default=False)

    acceptance_zh = models.TextField(_("conditions in Chinese"))
    acceptance_en = models.TextField(_("conditions in English"))
    quantity_limit_zh = models.CharField(_("limit of quantity in Chinese"), max_length=300, blank=True)
    quantity_limit_en = models.CharField(_("limit of quantity in English"), max_length=300, blank=True)
    commitment_zh = models.TextField(_("notice and promise in Chinese"), blank=True)
    commitment_en = models.TextField(_("notice and promise in English"), blank=True)
    afterwards_zh = models.TextField(_("duties afterwards in Chinese"), blank=True)
    afterwards_en = models.TextField(_("duties afterwards in English"), blank=True)
    appeal_zh = models.TextField(_("how to appeal, in Chinese"))
    appeal_en = models.TextField(_("how to appeal, in English"))

    class Meta:
        verbose_name = _("version of a service item")
        verbose_name_plural = _("versions of service items")
        ordering = ["item", "number"]
        constraints = [
            models.UniqueConstraint(fields=["item", "number"], name="service_version_number_once"),
            models.UniqueConstraint(
                fields=["item"],
                condition=Q(state="1"),
                name="service_one_version_in_use",
                violation_error_message=_("An item has one version in use at a time."),
            ),
            models.CheckConstraint(
                condition=Q(decision_place="here") | ~Q(outside_system_zh=""),
                name="service_outside_system_named",
                violation_error_message=_("A decision made outside names the outside system."),
            ),
            models.CheckConstraint(
                condition=Q(statutory_amount__isnull=True) | ~Q(statutory_unit=""),
                name="service_statutory_limit_has_unit",
                violation_error_message=_("A statutory limit has a unit."),
            ),
            models.CheckConstraint(
                condition=Q(extension_amount__isnull=True) | ~Q(extension_authority_zh=""),
                name="service_extension_has_authority",
                violation_error_message=_("An extension names who grants it."),
            ),
        ]

    def __str__(self) -> str:
        """Show it in lists of the administration."""
        return f"{self.name_zh} v{self.number}"

    @property
    def code(self) -> str:
        """The item's code."""
        return self.item.code

    @property
    def rules(self) -> LimitRules:
        """What else the law counts for this version, with the law's own rules where it says nothing."""
        return read_limit_rules(self.limit_rules)

    @property
    def on_the_spot(self) -> bool:
        """Whether it is decided while the applicant waits (即办件)."""
        return self.promised_amount == 0

    @property
    def online_level(self) -> int:
        """The level I–IV of the online service (E13): 4 handled wholly online, 3 accepted, 2 received, 1 advice."""
        depth = set(self.online_depth)
        if depth & {OnlineDepth.HANDLING, OnlineDepth.RESULT, OnlineDepth.E_LICENCE}:
            return 4
        if OnlineDepth.ACCEPTANCE in depth:
            return 3
        return 2 if depth & {OnlineDepth.INTAKE, OnlineDepth.PRECHECK} else 1
