"""Closed sets of the access log."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Purpose(models.TextChoices):
    """Why personal data is read, in words the person concerned understands. The log keeps the value."""

    OWN_APPLICATION = "own application", _("Opened by you or by somebody who acts for you")
    REVIEW = "review of the application", _("Review of your application")
    LOOK_AT_CASE = "look at the case", _("Look at your case by a department that takes part in it")
    COMPLETENESS = "completeness check at the window", _("Completeness check at the window")
    WINDOW = "work at the window", _("Work at the window")
    PRINT = "print at the window", _("Printing a paper at the window")
    WALK_IN = "take a walk-in", _("Application taken for you at the window")
    TASK = "handling a task", _("A department's system handles a task of your case")
    SUPERVISION = "supervision of time limits", _("Supervision of time limits")
    MENDING = "mending of a notice", _("Mending of a notice that did not reach you")
    LOOK_UP = "find a person by identity number", _("Finding you by your identity number at the window")
    SIGN_IN = "connect a sign-in", _("Connecting your sign-in with your person")
    ACCOUNT = "look after a sign-in", _("Looking after your sign-in")
    RATING_CONTACT = "contact about a rating", _("Contacting you about your rating")
    AUDIT = "audit", _("Audit of the files you handed in")
    SIGN = "sign together", _("Opened by somebody asked to sign with you")
    GUARDIAN = "record a guardian", _("Guardians of a child recorded at the window")
    HANDED_OVER = "draft handed over with a code", _("Filling in your application at the counter, with your code")
    SHARED_CODE = "opened by a shared code", _("Opened by somebody you gave a code to")


def purpose_word(purpose: str) -> str:
    """Return a purpose of the log as people read it; one that a colleague wrote down in her own words as it is."""
    return str(Purpose(purpose).label) if purpose in Purpose.values else purpose
