"""What went wrong when somebody of the staff acted, as a sentence that says what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from services.cases.operations.answering import StillCheckedError
from services.cases.operations.asking import (
    EarlyReasonMissingError,
    NothingMarkedError,
    NothingRecordedError,
    SecondNoticeError,
    SupervisorReasonMissingError,
)
from services.cases.operations.deferrals import NotDeferrableError, PromiseMissingError, StillMissingError
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.extensions import NotTheGovernmentError
from services.cases.operations.hearings import HearingDayError, HearingError, HearingTooLateError
from services.cases.operations.holds import HoldReasonMissingError, NothingToHoldError
from services.cases.operations.interventions import NotAColleagueError
from services.cases.operations.issuing import CollectorMissingError, NothingToHandOutError
from services.cases.operations.limits import NoRunningClockError, NotTheHeadError
from services.cases.operations.public_notices import NoPublicNoticeError, PublicNoticeRunsError
from services.cases.operations.renewals import NoRenewalError, RenewalReasonsMissingError, RenewalWindowError
from services.cases.operations.requests import (
    NothingAnsweredError,
    NothingAskedError,
    NotUnderReviewError,
    PlannedDaysMissingError,
)
from services.cases.operations.site_checks import CheckIncompleteError, NoCheckDueError
from services.cases.operations.steps import FourEyesError, OutsideResultMissingError, ReasonsMissingError
from services.parties.identity_numbers import IdentityNumberError
from workflows.operations.clocks import ClockError
from workflows.operations.tasks import (
    NotReturnableError,
    RunSuspendedError,
    TaskClosedError,
    TaskHeldError,
    UnknownOutcomeError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Every refusal of an operation on a case that a page shows beside its form.
REFUSALS = (
    NotAllowedError,
    FourEyesError,
    ReasonsMissingError,
    OutsideResultMissingError,
    NothingMarkedError,
    SecondNoticeError,
    SupervisorReasonMissingError,
    EarlyReasonMissingError,
    NothingRecordedError,
    NothingAskedError,
    NothingAnsweredError,
    StillCheckedError,
    PlannedDaysMissingError,
    NotUnderReviewError,
    NoRunningClockError,
    NotTheHeadError,
    ClockError,
    IdentityNumberError,
    TaskHeldError,
    TaskClosedError,
    UnknownOutcomeError,
    NotReturnableError,
    CollectorMissingError,
    NothingToHandOutError,
    HoldReasonMissingError,
    NothingToHoldError,
    NotAColleagueError,
    NotDeferrableError,
    PromiseMissingError,
    StillMissingError,
    NotTheGovernmentError,
    HearingError,
    HearingDayError,
    HearingTooLateError,
    NoPublicNoticeError,
    PublicNoticeRunsError,
    NoCheckDueError,
    CheckIncompleteError,
    NoRenewalError,
    RenewalReasonsMissingError,
    RenewalWindowError,
)


def sentence_for(error: Exception) -> str:
    """Return a refusal as a sentence in the language of the page."""
    if isinstance(error, TaskHeldError):
        return _("%(name)s has claimed this task. Ask for it to be released, or choose another task.") % {
            "name": error.holder.get_full_name()  # type: ignore[attr-defined]
        }
    if isinstance(error, (ClockError, IdentityNumberError)):
        return str(error.args[0])
    return str(_words()[type(error)])


def _words() -> Mapping[type[Exception], str]:
    return {
        NotAllowedError: _("This belongs to another post."),
        FourEyesError: _(
            "You already acted on this case in another role. Handling, checking and approving take three different "
            "people: a colleague of your post must do this step."
        ),
        ReasonsMissingError: _("Give the reasons: the applicant has a right to know them."),
        **_words_of_the_law(),
        OutsideResultMissingError: _(
            "The decision is made in another system: record its number and the day it was made."
        ),
        NothingMarkedError: _("Mark at least one document or field and say what to do about it."),
        SecondNoticeError: _("This case had a one-time notice already. A second one needs a supervisor's reason."),
        SupervisorReasonMissingError: _("Say why this case is asked a second time: the reason stays on record."),
        EarlyReasonMissingError: _("Say why the notice does not wait for the other departments."),
        NothingRecordedError: _("Nothing waits here any more: the notice was sent, or the case goes on."),
        NothingAskedError: _("Say what you need from the applicant."),
        PlannedDaysMissingError: _("Say how many working days it is planned to take: the applicant is told."),
        NothingAnsweredError: _("Write an answer or add a file."),
        StillCheckedError: _("A file is still being checked for viruses. Please send this in a moment."),
        NotUnderReviewError: _("This case is not under review: nothing can be asked or answered here."),
        NoRunningClockError: _("No time limit of this case is running."),
        NotTheHeadError: _("Only the head of the department may extend a time limit."),
        TaskClosedError: _("This task was finished or taken away meanwhile. Nothing you did here was lost or doubled."),
        RunSuspendedError: _(
            "This application is on hold: nothing can be done to it until a manager lets it go on. Nothing was changed."
        ),
        NotReturnableError: _("The process does not let this step be sent back there."),
        HoldReasonMissingError: _("Say why the application is held: the applicant and every department read it."),
        NothingToHoldError: _("This application is closed: nothing of it moves any more."),
        NotAColleagueError: _("Choose somebody who holds the post of this task and had no other part in the case."),
        UnknownOutcomeError: _("This step cannot end like that. Choose one of the outcomes offered."),
        CollectorMissingError: _("Enter the name of the person who takes the papers: it is the proof of delivery."),
        NothingToHandOutError: _("Choose at least one paper that was not handed out before."),
    }


def _words_of_the_law() -> Mapping[type[Exception], str]:
    return {
        NotDeferrableError: _("Only missing documents that the guide lets follow later can be deferred."),
        PromiseMissingError: _("Record the promise the applicant signed, and her name."),
        StillMissingError: _("Not every promised document is there yet. Upload what is missing first."),
        NotTheGovernmentError: _("Only the people's government of this level extends a joint limit."),
        HearingError: _("The hearing is not at a point where this can be done."),
        HearingDayError: _("Choose a working day, seven working days ahead and within the limit of the hearing."),
        HearingTooLateError: _("The five working days to ask for a hearing are over."),
        NoPublicNoticeError: _("This service has no rule for a public notice, or its place is missing."),
        PublicNoticeRunsError: _("The days of the public notice are not over yet."),
        NoCheckDueError: _("No check after the permit is due for this case."),
        CheckIncompleteError: _("Name two officials, and say what is wrong if it was not passed."),
        NoRenewalError: _("Nothing of this case can be renewed now."),
        RenewalReasonsMissingError: _("Give the reasons for not renewing."),
        RenewalWindowError: _("Renewal is asked for within its window only."),
    }
