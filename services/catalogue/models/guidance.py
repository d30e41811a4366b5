"""What a guide says about documents, fees, law, steps, results and questions people ask."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from services.catalogue.enums import (
    BasisKind,
    CopyKind,
    DocumentForm,
    DocumentKind,
    LimitUnit,
    MaterialSource,
    Necessity,
    ResultType,
    StepKind,
)
from services.catalogue.models.items import ServiceVersion


class Line(models.Model):
    """A row of a guide: it belongs to one service version and has a place in its list."""

    version = models.ForeignKey(ServiceVersion, models.CASCADE, verbose_name=_("version"))
    order = models.PositiveSmallIntegerField(_("order"), default=0)
    verified = models.BooleanField(_("verified"), default=True, help_text=_("not verified: shown as a demo value"))

    class Meta:
        abstract = True


class Material(Line):
    """A document asked for. `code` names the kind of document: the same code in two services is the same paper."""

    version = models.ForeignKey(ServiceVersion, models.CASCADE, verbose_name=_("version"), related_name="materials")
    code = models.SlugField(_("code"), max_length=80)
    name_zh = models.CharField(_("name in Chinese"), max_length=200)
    name_en = models.CharField(_("name in English"), max_length=200)
    source = models.CharField(_("source"), max_length=2, choices=MaterialSource.choices)
    source_department = models.CharField(_("department that issued it"), max_length=20, blank=True)
    necessity = models.CharField(_("necessity"), max_length=1, choices=Necessity.choices, default="1")
    document_kind = models.CharField(_("kind of document"), max_length=1, choices=DocumentKind.choices)
    document_form = models.CharField(_("form of the document"), max_length=1, choices=DocumentForm.choices, default="3")
    copy_kind = models.CharField(_("original or copy"), max_length=1, choices=CopyKind.choices, default="2")
    originals = models.PositiveSmallIntegerField(_("number of originals"), default=0)
    copies = models.PositiveSmallIntegerField(_("number of copies"), default=1)
    page_format = models.CharField(_("page format"), max_length=20, default="A4")
    condition = models.CharField(_("asked for when"), max_length=1000, blank=True)
    file_kinds = ArrayField(
        models.CharField(max_length=10),
        verbose_name=_("kinds of files taken"),
        default=list,
        blank=True,
        help_text=_("extensions as pdf, jpg, png, docx, xlsx; empty: all of them"),
    )
    largest_megabytes = models.PositiveSmallIntegerField(
        _("largest file in MB"), null=True, blank=True, help_text=_("empty: the installation's limit")
    )
    most_files = models.PositiveSmallIntegerField(_("most files"), default=10)
    note_zh = models.TextField(_("how to fill it in, in Chinese"), blank=True)
    note_en = models.TextField(_("how to fill it in, in English"), blank=True)
    review_points = models.JSONField(_("points to check"), default=list)
    basis_zh = models.CharField(_("legal basis in Chinese"), max_length=300)
    basis_en = models.CharField(_("legal basis in English"), max_length=300)

    class Meta:
        verbose_name = _("document asked for")
        verbose_name_plural = _("documents asked for")
        ordering = ["version", "order"]
        constraints = [models.UniqueConstraint(fields=["version", "code"], name="material_once_per_version")]

    def __str__(self) -> str:
        """Show it in lists of the administration."""
        return self.name_zh

    @property
    def held_by_government(self) -> bool:
        """Whether the office can fetch it instead of asking for it (State Council order 716, art. 12)."""
        return self.source == MaterialSource.GOVERNMENT


class Fee(Line):
    """A fee with its rate and legal basis; a service without fees has none."""

    version = models.ForeignKey(ServiceVersion, models.CASCADE, verbose_name=_("version"), related_name="fees")
    name_zh = models.CharField(_("name in Chinese"), max_length=200)
    name_en = models.CharField(_("name in English"), max_length=200)
    amount = models.DecimalField(_("amount in yuan"), max_digits=10, decimal_places=2, null=True, blank=True)
    rate_zh = models.CharField(_("rate in Chinese"), max_length=300)
    rate_en = models.CharField(_("rate in English"), max_length=300)
    basis_zh = models.CharField(_("legal basis in Chinese"), max_length=300)
    basis_en = models.CharField(_("legal basis in English"), max_length=300)
    reducible = models.BooleanField(_("can be reduced or waived"), default=False)
    reduction_zh = models.CharField(_("reduction in Chinese"), max_length=300, blank=True)
    reduction_en = models.CharField(_("reduction in English"), max_length=300, blank=True)
    condition = models.CharField(_("charged when"), max_length=1000, blank=True)
    waits = models.BooleanField(_("the result is issued once it is paid"), default=False)
    waits_basis_zh = models.CharField(_("basis of waiting in Chinese"), max_length=300, blank=True)
    waits_basis_en = models.CharField(_("basis of waiting in English"), max_length=300, blank=True)
    exemptions = models.JSONField(
        _("reductions"), default=list, blank=True, help_text=_("code, name, basis, percent, when: see docs/payments.md")
    )
    kept_when = models.JSONField(
        _("not given back when"), default=list, blank=True, help_text=_("withdrawn, refused: given back by default")
    )

    class Meta:
        verbose_name = _("fee")
        verbose_name_plural = _("fees")
        ordering = ["version", "order"]

    def __str__(self) -> str:
        """Show it in lists of the administration."""
        return self.name_zh


class LegalBasis(Line):
    """A rule the item stands on: law, number, article and what it says."""

    version = models.ForeignKey(ServiceVersion, models.CASCADE, verbose_name=_("version"), related_name="legal_bases")
    kind = models.CharField(_("basis of"), max_length=12, choices=BasisKind.choices, default=BasisKind.SETTING)
    law_zh = models.CharField(_("law in Chinese"), max_length=200)
    law_en = models.CharField(_("law in English"), max_length=200)
    number = models.CharField(_("number of the law"), max_length=100, blank=True)
    article_zh = models.CharField(_("article in Chinese"), max_length=100)
    article_en = models.CharField(_("article in English"), max_length=100)
    text_zh = models.TextField(_("what it says, in Chinese"))
    text_en = models.TextField(_("what it says, in English"))

    class Meta:
        verbose_name = _("legal basis")
        verbose_name_plural = _("legal bases")
        ordering = ["version", "order"]

    def __str__(self) -> str:
        """Show it in lists of the administration."""
        return f"{self.law_zh}{self.article_zh}"


class Faq(Line):
    """A question people ask, with its answer."""

    version = models.ForeignKey(ServiceVersion, models.CASCADE, verbose_name=_("version"), related_name="faqs")
    question_zh = models.CharField(_("question in Chinese"), max_length=300)
    question_en = models.CharField(_("question in English"), max_length=300)
    answer_zh = models.TextField(_("answer in Chinese"))
    answer_en = models.TextField(_("answer in English"))

    class Meta:
        verbose_name = _("frequent question")
        verbose_name_plural = _("frequent questions")
        ordering = ["version", "order"]

    def __str__(self) -> str:
        """Show it in lists of the administration."""
        return self.question_zh


class Step(Line):
    """A stage of the procedure as the guide shows it: who does what, by when, to which standard."""

    version = models.ForeignKey(ServiceVersion, models.CASCADE, verbose_name=_("version"), related_name="steps")
    kind = models.CharField(_("stage"), max_length=8, choices=StepKind.choices)
    name_zh = models.CharField(_("name in Chinese"), max_length=100)
    name_en = models.CharField(_("name in English"), max_length=100)
    who_zh = models.CharField(_("who does it, in Chinese"), max_length=200)
    who_en = models.CharField(_("who does it, in English"), max_length=200)
    standard_zh = models.TextField(_("what is checked, in Chinese"))
    standard_en = models.TextField(_("what is checked, in English"))
    outcome_zh = models.CharField(_("outcome in Chinese"), max_length=200)
    outcome_en = models.CharField(_("outcome in English"), max_length=200)
    limit_amount = models.PositiveSmallIntegerField(_("limit"), null=True, blank=True)
    limit_unit = models.CharField(_("unit of the limit"), max_length=16, choices=LimitUnit.choices, blank=True)

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        ordering = ["version", "order"]

    def __str__(self) -> str:
        """Show it in lists of the administration."""
        return self.name_zh


class ResultKind(Line):
    """What the applicant gets: a paper of a kind the documents app issues, its title and how long it is valid."""

    version = models.ForeignKey(ServiceVersion, models.CASCADE, verbose_name=_("version"), related_name="results")
    result_type = models.CharField(_("result type"), max_length=1, choices=ResultType.choices)
    paper_kind = models.SlugField(_("kind of paper"), max_length=40, blank=True)
    name_zh = models.CharField(_("name in Chinese"), max_length=200)
    name_en = models.CharField(_("name in English"), max_length=200)
    validity_months = models.PositiveSmallIntegerField(
        _("valid for, in months"), null=True, blank=True, help_text=_("empty when it does not expire")
    )
    validity_zh = models.CharField(_("validity in Chinese"), max_length=200)
    validity_en = models.CharField(_("validity in English"), max_length=200)
    sample_facts = ArrayField(
        models.CharField(max_length=80), verbose_name=_("facts printed on it"), default=list, blank=True
    )

    class Meta:
        verbose_name = _("result")
        verbose_name_plural = _("results")
        ordering = ["version", "order"]

    def __str__(self) -> str:
        """Show it in lists of the administration."""
        return self.name_zh
