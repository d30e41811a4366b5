"""Why an operation refused, as a problem with a stable code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils.translation import gettext as _
from rest_framework.exceptions import PermissionDenied, ValidationError

from portal.api.problems import Conflict
from services.cases.operations.answering import StillCheckedError
from services.cases.operations.asking import NothingMarkedError
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.steps import FourEyesError, OutsideResultMissingError, ReasonsMissingError
from services.parties.identity_numbers import IdentityNumberError
from workflows.operations.tasks import (
    NotReturnableError,
    RunSuspendedError,
    TaskClosedError,
    TaskHeldError,
    UnknownOutcomeError,
)


@contextmanager
def as_problems() -> Iterator[None]:
    """Turn what the operations raise into what callers understand."""
    try:
        yield
    except TaskHeldError as error:
        raise Conflict(_("Somebody else has taken this task."), code="task_held") from error
    except RunSuspendedError as error:
        raise Conflict(_("This application is on hold."), code="held") from error
    except StillCheckedError as error:
        raise Conflict(
            _("A file is still being checked for viruses. Ask again in a moment."), code="checking"
        ) from error
    except TaskClosedError as error:
        raise Conflict(_("This task was closed meanwhile."), code="task_closed") from error
    except FourEyesError as error:
        detail = _("You already acted on this case in another role; somebody else must do this step.")
        raise PermissionDenied(detail, code="four_eyes") from error
    except NotAllowedError as error:
        raise PermissionDenied(_("This task is not yours to do."), code="not_allowed") from error
    except (ReasonsMissingError, NothingMarkedError, OutsideResultMissingError) as error:
        field, text = _wanting(error)
        raise ValidationError({field: [text]}, code="required") from error
    except NotReturnableError as error:
        text = _("This task cannot be sent back to that step: see `returns_to`.")
        raise ValidationError({"to_node": [text]}, code="not_returnable") from error
    except UnknownOutcomeError as error:
        raise ValidationError({"outcome": [_("This task has no such outcome.")]}, code="unknown_outcome") from error
    except IdentityNumberError as error:
        raise ValidationError({"outside": {"number": [str(error)]}}, code="invalid") from error


def _wanting(error: Exception) -> tuple[str, str]:
    """Return the field that must be filled in, and what to say of it."""
    match error:
        case ReasonsMissingError():
            return "reasons", _("This outcome must say why.")
        case NothingMarkedError():
            return "missing", _("Mark at least one document or field and say what to do.")
        case _any:
            return "outside", _("Record the number and the day of the outside decision.")
