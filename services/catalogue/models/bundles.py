"""A bundle (一件事): several service items asked for once."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from services.catalogue.enums import LimitUnit
from services.catalogue.models.items import ServiceItem, codes
from services.catalogue.models.versions import Version


class Bundle(models.Model):
    """One thing in a person's life or business that needs several departments. The names follow the current version."""

    code = models.SlugField(_("code"), max_length=80, unique=True)
    name_zh = models.CharField(_("name in Chinese"), max_length=300)
    name_en = models.CharField(_("name in English"), max_length=300)

    class Meta:
        verbose_name = _("bundle")
        verbose_name_plural = _("bundles")
        ordering = ["code"]

    def __str__(self) -> str:
        """Show it in lists of the administration."""
        return self.name_zh


class BundleVersion(Version):
    """One published state of a bundle.

    It has no common limit unless a cited rule gives one: each department decides within its own.
    """

    bundle = models.ForeignKey(Bundle, models.PROTECT, verbose_name=_("bundle"), related_name="versions")
    lead_department = models.ForeignKey(
        "parties.Department", models.PROTECT, verbose_name=_("lead department"), related_name="led_bundles"
    )
    audiences = codes(_("who can apply"))
    joint_amount = models.PositiveIntegerField(_("joint limit"), null=True, blank=True)
    joint_unit = models.CharField(_("unit of the joint limit"), max_length=16, choices=LimitUnit.choices, blank=True)
    joint_extension = models.PositiveIntegerField(
        _("one extension of the joint limit by the people's government"), default=0
    )
    joint_basis_zh = models.CharField(_("basis of the joint limit in Chinese"), max_length=300, blank=True)
    joint_basis_en = models.CharField(_("basis of the joint limit in English"), max_length=300, blank=True)
    basis_zh = models.TextField(_("basis of the bundle in Chinese"))
    basis_en = models.TextField(_("basis of the bundle in English"))
    visits = models.PositiveSmallIntegerField(_("visits needed"), default=0)
    introduction_zh = models.TextField(_("introduction in Chinese"), blank=True)
    introduction_en = models.TextField(_("introduction in English"), blank=True)

    class Meta:
        verbose_name = _("version of a bundle")
        verbose_name_plural = _("versions of bundles")
        ordering = ["bundle", "number"]
        constraints = [
            models.UniqueConstraint(fields=["bundle", "number"], name="bundle_version_number_once"),
            models.UniqueConstraint(
                fields=["bundle"],
                condition=Q(state="1"),
                name="bundle_one_version_in_use",
                violation_error_message=_("A bundle has one version in use at a time."),
            ),
            models.CheckConstraint(
                condition=Q(joint_amount__isnull=True) | (~Q(joint_unit="") & ~Q(joint_basis_zh="")),
                name="bundle_joint_limit_cited",
                violation_error_message=_("A joint limit needs a unit and a cited rule."),
            ),
        ]

    def __str__(self) -> str:
        """Show it in lists of the administration."""
        return f"{self.name_zh} v{self.number}"

    @property
    def code(self) -> str:
        """The bundle's code."""
        return self.bundle.code


class BundlePart(models.Model):
    """A service item in a bundle: when it applies, which parts must be decided before it is filed, and why."""

    bundle_version = models.ForeignKey(
        BundleVersion, models.CASCADE, verbose_name=_("bundle version"), related_name="parts"
    )
    service = models.ForeignKey(ServiceItem, models.PROTECT, verbose_name=_("service item"), related_name="+")
    key = models.SlugField(_("key"), max_length=80)
    order = models.PositiveSmallIntegerField(_("order"), default=0)
    condition = models.CharField(_("applies when"), max_length=1000, blank=True)
    after = ArrayField(models.CharField(max_length=80), verbose_name=_("filed after"), default=list, blank=True)
    until_then_zh = models.TextField(_("why it is not filed yet, in Chinese"), blank=True)
    until_then_en = models.TextField(_("why it is not filed yet, in English"), blank=True)
    verified = models.BooleanField(_("verified"), default=True)

    class Meta:
        verbose_name = _("part of a bundle")
        verbose_name_plural = _("parts of a bundle")
        ordering = ["bundle_version", "order"]
        constraints = [
            models.UniqueConstraint(fields=["bundle_version", "key"], name="bundle_part_key_once"),
            models.CheckConstraint(
                condition=Q(after=[]) | ~Q(until_then_zh=""),
                name="bundle_part_says_why_it_waits",
                violation_error_message=_("A part that waits for others says why."),
            ),
            models.CheckConstraint(
                condition=~Q(after__contains=[F("key")]),
                name="bundle_part_not_after_itself",
                violation_error_message=_("A part cannot wait for itself."),
            ),
        ]

    def __str__(self) -> str:
        """Show it in lists of the administration."""
        return self.key
