"""Closed sets of applications and cases."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from workflows.enums import ClockKind


class Channel(models.TextChoices):
    """How an application came in (提交渠道)."""

    ONLINE = "online", _("online")
    COUNTER = "counter", _("at the counter")


class OriginKind(models.TextChoices):
    """Who or what gave an answer."""

    TYPED = "typed", _("entered by you")
    SOURCE = "source", _("from a register")
    PROFILE = "profile", _("from your profile")
    WALLET = "wallet", _("from your certificates")
    CLERK = "clerk", _("entered at the counter")


class HandOverTo(models.TextChoices):
    """To whom a draft is handed over."""

    COUNTER = "counter", _("to the counter")
    APPLICANT = "applicant", _("to the applicant")


class HandOverState(models.TextChoices):
    """Where a hand-over stands."""

    WAITING = "waiting", _("the code waits")
    HELD = "held", _("at the counter now")
    BACK = "back", _("back, to be confirmed")
    OVER = "over", _("over")


class ApplicationState(models.TextChoices):
    """An application's life: filled in, submitted once, closed."""

    DRAFT = "draft", _("being filled in")
    SUBMITTED = "submitted", _("in progress")
    CLOSED = "closed", _("closed")
    WITHDRAWN = "withdrawn", _("withdrawn")


class ApplicationResult(models.TextChoices):
    """How a bundle closed."""

    ALL_DONE = "all_done", _("all items done")
    PARTLY_DONE = "partly_done", _("some items done")
    NONE_DONE = "none_done", _("no item done")


class CaseState(models.TextChoices):
    """Where one service item of an application stands (办件状态)."""

    PLANNED = "planned", _("not filed yet")
    FILED = "filed", _("received, completeness check")
    SUPPLEMENT = "supplement", _("waiting for your supplement")
    ACCEPTED = "accepted", _("accepted, under review")
    GRANTED = "granted", _("decision: granted")
    REFUSED = "refused", _("decision: not granted")
    NOT_COMPETENT = "not_competent", _("not accepted: another body is competent")
    NOT_SUPPLIED = "not_supplied", _("closed without a decision: nothing was supplied")
    WITHDRAWN = "withdrawn", _("withdrawn")
    ENDED = "ended", _("ended: what it needed is missing")


#: A case in one of these no longer moves.
CLOSED_CASE_STATES = (
    CaseState.GRANTED,
    CaseState.REFUSED,
    CaseState.NOT_COMPETENT,
    CaseState.NOT_SUPPLIED,
    CaseState.WITHDRAWN,
    CaseState.ENDED,
)


#: Clocks that bind no office: the applicant's own time, and waits whose end is no fault. They light no light.
CLOCKS_WITHOUT_LIGHT = (
    ClockKind.CORRECTION,
    ClockKind.DEFERRED_DOCUMENTS,
    ClockKind.PUBLICITY,
    ClockKind.RENEWAL,
)
#: Limits of what is done about a bad rating: no part of the case, and no light of its lane.
CLOCKS_OF_RATINGS = (ClockKind.RATING_CONTACT, ClockKind.RATING_RECTIFICATION)
#: Clocks that begin with a decision or later and outlive the case.
CLOCKS_AFTERWARDS = (ClockKind.POST_PERMIT_CHECK, ClockKind.RENEWAL, *CLOCKS_OF_RATINGS)
#: The step of every shipped process in which the applicant answers a one-time notice.
SUPPLEMENT_NODE = "supplement"
#: The window's step after that one has run out; until she has decided, an answer still counts.
UNANSWERED_NODE = "no_answer"
ANSWERING_NODES = (SUPPLEMENT_NODE, UNANSWERED_NODE)


class DeemedKind(models.TextChoices):
    """What counts as done when nobody did it in time."""

    ACCEPTANCE = "acceptance", _("deemed acceptance")
    WITHDRAWAL = "withdrawal", _("deemed withdrawal")
    GRANT = "grant", _("tacit approval")
    RENEWAL = "renewal", _("deemed renewal")


class RenewalOutcome(models.TextChoices):
    """How a renewal ended."""

    GRANTED = "granted", _("renewed")
    REFUSED = "refused", _("not renewed")
    DEEMED = "deemed", _("renewed by law: nobody decided in time")


class SignatureMethod(models.TextChoices):
    """How a person signed. None of these claims to be a reliable electronic signature by itself."""

    CLICK = "click", _("confirmed in the signed-in session")
    COUNTER = "counter", _("signed on paper at the window")


class InvitationState(models.TextChoices):
    """Where an invitation to sign stands."""

    OPEN = "open", _("invited")
    SIGNED = "signed", _("signed")
    DECLINED = "declined", _("declined")
    EXPIRED = "expired", _("expired")
    REVOKED = "revoked", _("taken back")


class ConsentKind(models.TextChoices):
    """What an applicant agreed to, each separately."""

    ELECTRONIC_SERVICE = "electronic_service", _("electronic service of papers")
    DATA_SHARING = "data_sharing", _("fetching data from other departments")
    SENSITIVE_DATA = "sensitive_data", _("processing of sensitive personal data")
    KEEP_DOCUMENTS = "keep_documents", _("keeping documents in the wallet")


class MaterialFinding(models.TextChoices):
    """What the window found about one document."""

    FINE = "fine", _("in order")
    MISSING = "missing", _("missing")
    WRONG = "wrong", _("to be corrected")
    ORIGINAL_SEEN = "original_seen", _("original seen")


class ReleaseCause(models.TextChoices):
    """Why a one-time notice went out when it did."""

    ALL_JUDGED = "all_judged", _("every department has looked")
    LAST_DAY = "last_day", _("the legal time was nearly over")
    SENT_NOW = "sent_now", _("sent early with a reason")
    BEFORE_HOLD = "before_hold", _("sent before the application was held")


class Outcome(models.TextChoices):
    """How a staff task of a case can end."""

    ACCEPT = "accept", _("accepted")
    SUPPLEMENT = "supplement", _("one-time notice sent")
    NOT_COMPETENT = "not_competent", _("not our competence")
    FORWARD = "forward", _("forwarded")
    RECOMMEND_GRANT = "recommend_grant", _("recommends granting")
    RECOMMEND_REFUSE = "recommend_refuse", _("recommends refusing")
    AGREE = "agree", _("agrees")
    RETURN = "return", _("returned to the handler")
    SEND_BACK = "send_back", _("sent back to an earlier step")
    GRANT = "grant", _("granted")
    REFUSE = "refuse", _("refused")
    CONFIRMED = "confirmed", _("licence confirmed")
    NOT_CONFIRMED = "not_confirmed", _("licence not confirmed")
    WAIT_AGAIN = "wait_again", _("waits for the applicant again")
    CLOSE = "close", _("closed: nothing was supplied")


#: Outcomes against the applicant or a colleague: they must say why (Administrative Licensing Law, art. 32 and 38).
OUTCOMES_AGAINST = ("refuse", "recommend_refuse", "return", "not_competent", "send_back", "close")


def outcome_word(outcome: str) -> str:
    """Return an outcome's words; an outcome of a process drawn later as it is."""
    return str(Outcome(outcome).label) if outcome in Outcome.values else outcome
