"""What was refused, as errors and as sentences that say what to do next."""

from __future__ import annotations

from django.utils.translation import gettext as _

from services.cases.operations.drafts import NotAllowedError


class SupervisionError(Exception):
    """Something of supervision cannot be done as it stands."""


class WordsMissingError(SupervisionError):
    """A reason, a reply or an order's content is missing: history without it explains nothing."""


class OrderClosedError(SupervisionError):
    """The order was closed meanwhile."""


class NotAwaitingReplyError(SupervisionError):
    """The order was replied to already; the manager judges first."""


class NothingToJudgeError(SupervisionError):
    """There is no reply to judge, or it is another one than the manager read."""


class OrderStillOpenError(SupervisionError):
    """The case has an open order issued by hand."""


class CaseIsOverError(SupervisionError):
    """The case is closed and nothing of it runs: there is nothing to order."""


class CardRevokedError(SupervisionError):
    """The card was revoked already."""


class AppealedAlreadyError(SupervisionError):
    """The department appealed against this card before."""


class NoAppealError(SupervisionError):
    """No appeal against this card waits to be decided."""


class RulesChangedError(SupervisionError):
    """Somebody published rules since these were read."""


REFUSALS = (NotAllowedError, SupervisionError)


def sentence_for(error: Exception) -> str:
    """Return a refusal as a sentence in the language of the page."""
    words = {
        NotAllowedError: _("This belongs to another post."),
        WordsMissingError: _("Write down the reason: everybody who looks at this later needs it."),
        OrderClosedError: _("This order was closed meanwhile. Nothing was changed."),
        NotAwaitingReplyError: _("This order was replied to already. Wait for the manager's answer."),
        NothingToJudgeError: _("There is no reply to judge, or a newer one arrived. Read the order again."),
        OrderStillOpenError: _("This case has an open order issued by hand. Close that one first."),
        CaseIsOverError: _("This case is closed and none of its limits runs: there is nothing to order."),
        CardRevokedError: _("This card was revoked already."),
        AppealedAlreadyError: _("Your department appealed against this card before; the history shows the answer."),
        RulesChangedError: _(
            "Somebody published new rules meanwhile. What you typed is still here: compare it with the rules that hold "
            "now, then publish it again."
        ),
        NoAppealError: _("No appeal against this card waits to be decided."),
    }
    return str(words[type(error)])
