"""What the service tasks of the shipped processes do. Each runs inside its step, unless it asks another system."""

from __future__ import annotations

from services.cases.models import Application, Case
from services.cases.operations import endings, entities
from services.cases.operations.issuing import deliver_result, issue_refusal, issue_result
from services.cases.operations.telling import tell_applicants
from services.cases.operations.unanswered import remind_of_notice
from services.cases.permissions import application_about
from workflows.actions import ActionContext, ActionResult, register
from workflows.models import Run


def _case(context: ActionContext) -> Case:
    rows = Case.objects.select_related("application__bundle", "application__service", "service__item", "department")
    return rows.get(pk=int(context.subject_id))


def _application(context: ActionContext) -> Application:
    return application_about(context.subject_kind, context.subject_id)


@register("cases.issue_result")
def _issue_result(context: ActionContext) -> ActionResult:
    issue_result(_case(context), at=context.at)
    return ActionResult(outcome="issued")


@register("cases.issue_refusal")
def _issue_refusal(context: ActionContext) -> ActionResult:
    issue_refusal(_case(context), at=context.at)
    return ActionResult(outcome="issued")


@register("cases.deliver_result")
def _deliver_result(context: ActionContext) -> ActionResult:
    deliver_result(_case(context), at=context.at)
    return ActionResult(outcome="delivered")


@register("cases.hand_over")
def _hand_over(context: ActionContext) -> ActionResult:
    # The package is the case itself: the department's handler opens it on the task page and enters it outside.
    return ActionResult(outcome="handed_over")


@register("cases.adopt_entity")
def _adopt_entity(context: ActionContext) -> ActionResult:
    entities.adopt_entity(_application(context), at=context.at)
    return ActionResult(outcome="adopted")


@register("cases.verify_licence", outside=True)
def _verify_licence(context: ActionContext) -> ActionResult:
    return ActionResult(outcome=entities.verify_licence(_application(context), at=context.at))


@register("cases.end_dependants")
def _end_dependants(context: ActionContext) -> ActionResult:
    endings.end_dependants(_application(context), root=Run.objects.get(pk=context.root_id), at=context.at)
    return ActionResult(outcome="ended")


@register("cases.close_application")
def _close_application(context: ActionContext) -> ActionResult:
    endings.close_application(_application(context), at=context.at)
    return ActionResult(outcome="closed")


@register("cases.remind_applicant")
def _remind_applicant(context: ActionContext) -> ActionResult:
    application = _application(context)
    if context.node == "remind_premises":
        tell_applicants(application, "premises_needed", at=context.at, round=1000 + int(context.key.rsplit(":", 1)[1]))
    else:
        remind_of_notice(_case(context), at=context.at)
    return ActionResult(outcome="reminded")
