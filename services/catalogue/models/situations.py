"""Questions that find out which situation (情形) applies, and answers that end the journey."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from services.catalogue.enums import QuestionKind, StopKind
from services.catalogue.models.bundles import BundleVersion
from services.catalogue.models.items import ServiceVersion

ONE_OWNER = Q(service_version__isnull=True, bundle_version__isnull=False) | Q(
    service_version__isnull=False, bundle_version__isnull=True
)


class Situated(models.Model):
    """Something a service version or a bundle version asks or forbids."""

    service_version = models.ForeignKey(ServiceVersion, models.CASCADE, null=True, blank=True)
    bundle_version = models.ForeignKey(BundleVersion, models.CASCADE, null=True, blank=True)
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        abstract = True


class Question(Situated):
    """A plain question; conditions read its answer as `answers.<key>`."""

    service_version = models.ForeignKey(
        ServiceVersion, models.CASCADE, verbose_name=_("service"), null=True, blank=True, related_name="questions"
    )
    bundle_version = models.ForeignKey(
        BundleVersion, models.CASCADE, verbose_name=_("bundle"), null=True, blank=True, related_name="questions"
    )
    key = models.CharField(_("key"), max_length=60)
    kind = models.CharField(_("kind"), max_length=12, choices=QuestionKind.choices)
    text_zh = models.CharField(_("question in Chinese"), max_length=300)
    text_en = models.CharField(_("question in English"), max_length=300)
    help_zh = models.TextField(_("explanation in Chinese"), blank=True)
    help_en = models.TextField(_("explanation in English"), blank=True)
    options = models.JSONField(_("answers to choose from"), default=list, help_text=_("value, zh, en"))
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    required = models.BooleanField(_("must be answered"), default=True)
    visible_if = models.CharField(_("asked when"), max_length=1000, blank=True)
    element = models.CharField(
        _("data element it answers"), max_length=80, blank=True, help_text=_("so that a form need not ask it again")
    )
    element_values = models.JSONField(
        _("values of the data element, by answer"), default=dict, blank=True, help_text=_("where they differ")
    )

    class Meta:
        verbose_name = _("question about the situation")
        verbose_name_plural = _("questions about the situation")
        ordering = ["order"]
        constraints = [
            models.CheckConstraint(condition=ONE_OWNER, name="question_has_one_owner"),
            models.UniqueConstraint(fields=["service_version", "key"], name="question_once_per_service"),
            models.UniqueConstraint(fields=["bundle_version", "key"], name="question_once_per_bundle"),
        ]

    def __str__(self) -> str:
        """Show it in lists of the administration."""
        return self.text_zh


class StopRule(Situated):
    """Answers with which an application cannot or need not be made, with the explanation and the law."""

    service_version = models.ForeignKey(
        ServiceVersion, models.CASCADE, verbose_name=_("service"), null=True, blank=True, related_name="stop_rules"
    )
    bundle_version = models.ForeignKey(
        BundleVersion, models.CASCADE, verbose_name=_("bundle"), null=True, blank=True, related_name="stop_rules"
    )
    kind = models.CharField(_("kind"), max_length=16, choices=StopKind.choices)
    condition = models.CharField(_("when"), max_length=1000)
    calendar = models.JSONField(
        _("rule about dates"),
        default=dict,
        blank=True,
        help_text=_("a closed season or protected years; it stops only when the dates answered fall into them"),
    )
    message_zh = models.TextField(_("explanation in Chinese"))
    message_en = models.TextField(_("explanation in English"))
    citation_zh = models.CharField(_("law in Chinese"), max_length=300)
    citation_en = models.CharField(_("law in English"), max_length=300)

    class Meta:
        verbose_name = _("answer that ends the journey")
        verbose_name_plural = _("answers that end the journey")
        ordering = ["order"]
        constraints = [models.CheckConstraint(condition=ONE_OWNER, name="stop_rule_has_one_owner")]

    def __str__(self) -> str:
        """Show it in lists of the administration."""
        return self.condition
