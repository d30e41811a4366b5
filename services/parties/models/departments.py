"""The government's side: departments, and the halls and windows where people meet it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from services.parties.enums import DepartmentKind, WindowKind


class Department(models.Model):
    """A body that decides in its own name, or a utility or bank that takes part; `code` is its short name."""

    code = models.CharField(_("code"), max_length=12, unique=True)
    kind = models.CharField(_("kind"), max_length=12, choices=DepartmentKind, default=DepartmentKind.AUTHORITY)
    name_zh = models.CharField(_("Chinese name"), max_length=100)
    name_en = models.CharField(_("English name"), max_length=150)
    uscc = models.CharField(_("unified social credit code"), max_length=18, unique=True)
    division_code = models.CharField(_("administrative division"), max_length=6)
    address_zh = models.CharField(_("Chinese address"), max_length=200, blank=True)
    address_en = models.CharField(_("English address"), max_length=200, blank=True)
    phone = models.CharField(_("telephone for questions"), max_length=30)
    complaint_phone = models.CharField(_("telephone for complaints"), max_length=30)
    reconsideration_zh = models.CharField(_("reconsideration body (Chinese)"), max_length=150, blank=True)
    reconsideration_en = models.CharField(_("reconsideration body (English)"), max_length=200, blank=True)
    court_zh = models.CharField(_("court (Chinese)"), max_length=150, blank=True)
    court_en = models.CharField(_("court (English)"), max_length=200, blank=True)
    position = models.PositiveSmallIntegerField(_("position in lists"), default=0)

    class Meta:
        verbose_name = _("department")
        verbose_name_plural = _("departments")
        ordering = ["position", "code"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(code__regex=r"^[A-Z][A-Z0-9_]+$"),
                name="department_code_has_its_form",
                violation_error_message=_("A department's code is capital letters and digits."),
            ),
            models.CheckConstraint(
                condition=models.Q(uscc__regex=r"^[0-9]{8}[0-9A-HJ-NPQRTUWXY]{10}$"),
                name="department_uscc_has_its_form",
                violation_error_message=_("A unified social credit code has 18 digits and capital letters."),
            ),
            models.CheckConstraint(
                condition=~models.Q(phone=models.F("complaint_phone")),
                name="department_phones_differ",
                violation_error_message=_("Questions and complaints need different telephone numbers."),
            ),
        ]

    def __str__(self) -> str:
        """Return code and Chinese name."""
        return f"{self.code} {self.name_zh}"


class Hall(models.Model):
    """A government service hall, run by a department."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="halls", verbose_name=_("run by"))
    name_zh = models.CharField(_("Chinese name"), max_length=100)
    name_en = models.CharField(_("English name"), max_length=150)
    address_zh = models.CharField(_("Chinese address"), max_length=200)
    address_en = models.CharField(_("English address"), max_length=200)
    phone = models.CharField(_("telephone"), max_length=30)
    hours_zh = models.CharField(_("opening hours (Chinese)"), max_length=150)
    hours_en = models.CharField(_("opening hours (English)"), max_length=150)

    class Meta:
        verbose_name = _("hall")
        verbose_name_plural = _("halls")
        ordering = ["code"]

    def __str__(self) -> str:
        """Return the Chinese name."""
        return self.name_zh


class Window(models.Model):
    """A counter in a hall. A general window serves every department; another one those it lists."""

    hall = models.ForeignKey(Hall, on_delete=models.PROTECT, related_name="windows", verbose_name=_("hall"))
    number = models.PositiveSmallIntegerField(_("number"))
    kind = models.CharField(_("kind"), max_length=12, choices=WindowKind, default=WindowKind.GENERAL)
    name_zh = models.CharField(_("Chinese name"), max_length=100)
    name_en = models.CharField(_("English name"), max_length=150)
    all_departments = models.BooleanField(_("serves every department"), default=False)
    departments = models.ManyToManyField(
        Department, blank=True, related_name="windows", verbose_name=_("departments served")
    )

    class Meta:
        verbose_name = _("window")
        verbose_name_plural = _("windows")
        ordering = ["hall", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["hall", "number"],
                name="window_number_is_unique_in_hall",
                violation_error_message=_("The hall already has a window with this number."),
            ),
        ]

    def __str__(self) -> str:
        """Return the number and the Chinese name."""
        return f"{self.number} {self.name_zh}"
