"""Supervision orders: what was asked of which department, what it answered, and the manager's verdict."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.oversight.access import overseers_only
from portal.oversight.acts import ordering, withdrawing
from portal.oversight.forms import ReasonForm
from portal.oversight.rail import rail
from portal.oversight.supervision_forms import JudgeForm, OrderForm
from portal.oversight.views.interventions import asked
from portal.ui.chips import chips
from portal.ui.wording import is_chinese
from services.cases.permissions import cases_overseen_by
from services.parties.queries import departments
from services.supervision.enums import OPEN_ORDER_STATES, OrderState, Verdict
from services.supervision.models import SupervisionOrder
from services.supervision.operations.orders import accept_reply, issue_order, send_back_reply, withdraw_order
from services.supervision.operations.refusals import REFUSALS, sentence_for
from services.supervision.permissions import can_supervise, orders_visible_to
from services.supervision.queries.orders import OPEN, order_rows, orders_in_state, story_of, with_case

PAGE_SIZE = 30
ALL = "all"


@require_safe
@overseers_only
def orders(request: HttpRequest, *, at: datetime) -> HttpResponse:
    """List the orders, the newest first; state and department stand in the address."""
    known = orders_visible_to(request.user, at)
    state, department = request.GET.get("state", OPEN), request.GET.get("department", "")
    if department:
        known = known.filter(department=department)
    page = Paginator(with_case(orders_in_state(known, state)), PAGE_SIZE).get_page(request.GET.get("page"))
    choices = [
        (OPEN, _("Open")),
        *OrderState.choices[:2],
        (OrderState.CLOSED, OrderState.CLOSED.label),
        ("all", _("All")),
    ]
    context = {
        "rows": order_rows(page, at=at),
        "page": page,
        "chips": chips(
            request, "state", [(one, word, orders_in_state(known, one).count()) for one, word in choices], state
        ),
        "departments": departments(),
        "names": {one.code: one for one in departments()},
        "department": department,
        "state": state,
        "rail": rail("orders"),
        "keys": [{"key": "f", "word": _("Go to the filters")}],
    }
    return render(request, "oversight/orders.html", context)


@require_http_methods(["GET", "POST"])
@overseers_only
def order(request: HttpRequest, number: str, *, at: datetime) -> HttpResponse:
    """Show an order and its story; POST judges the reply that waits."""
    found = get_object_or_404(with_case(orders_visible_to(request.user, at)), number=number)
    form = _judge_form(request, found)
    if request.method == "POST":
        if not can_supervise(request.user, at):
            raise PermissionDenied
        if form.is_valid() and (done := _judged(request, found, form, at)):
            messages.success(request, done)
            return redirect("oversight:order", number)
    row = order_rows([found], at=at)[0]
    mine = can_supervise(request.user, at)
    context = {
        "order": found,
        "row": row,
        "department": next((one for one in departments() if one.code == found.department), None),
        "story": story_of(found, chinese=is_chinese()),
        "form": form if (mine and found.state == OrderState.REPLIED) or form.is_bound else None,
        "may_withdraw": mine and found.state in OPEN_ORDER_STATES,
        "case_url": "oversight:case",
        "rail": rail("orders"),
        "keys": [],
    }
    return render(request, "oversight/order.html", context, status=422 if form.errors else 200)


def _judge_form(request: HttpRequest, found: SupervisionOrder) -> JudgeForm:
    rounds = [reply.round for reply in found.replies.all()]
    return JudgeForm(request.POST if request.method == "POST" else None, initial={"round": max(rounds, default=0)})


def _judged(request: HttpRequest, found: SupervisionOrder, form: JudgeForm, at: datetime) -> str:
    """Judge the reply; returns what to say, "" when it was refused and the form says why."""
    given = form.cleaned_data
    words: dict[str, Any] = {
        "order_id": found.pk,
        "round": given["round"],
        "remark": given["remark"],
        "by": request.user,
        "at": at,
    }
    try:
        if given["verdict"] == Verdict.ACCEPTED:
            accept_reply(**words)
            return _("The reply is accepted, and the order is closed.")
        send_back_reply(**words)
        return _("The reply was sent back. The department's time to reply runs anew.")
    except REFUSALS as error:
        form.add_error(None, sentence_for(error))
        return ""


@require_http_methods(["GET", "POST"])
@overseers_only
def issue(request: HttpRequest, public_id: str, *, at: datetime) -> HttpResponse:
    """Order a case's department to see to it and to reply."""
    if not can_supervise(request.user, at):
        raise PermissionDenied
    related = ("application__bundle", "application__service", "service__item", "department")
    case = get_object_or_404(cases_overseen_by(request.user, at).select_related(*related), public_id=public_id)
    form = OrderForm(request.POST if request.method == "POST" else None)

    def do() -> str:
        issued = issue_order(case_id=case.pk, **form.cleaned_data, by=request.user, at=at)
        return _("Supervision order %(number)s is issued. The head of the department was told.") % {
            "number": issued.number
        }

    return asked(request, ordering(case), form, do)


@require_http_methods(["GET", "POST"])
@overseers_only
def withdraw(request: HttpRequest, number: str, *, at: datetime) -> HttpResponse:
    """Take back an order that should not have been issued."""
    if not can_supervise(request.user, at):
        raise PermissionDenied
    found = get_object_or_404(with_case(orders_visible_to(request.user, at)), number=number)
    form = ReasonForm(
        request.POST if request.method == "POST" else None,
        missing=_("Say why the order is withdrawn."),
        help_text=_("It stays in the order's story; the head of the department is told."),
    )

    def do() -> str:
        withdraw_order(order_id=found.pk, reason=form.cleaned_data["reason"], by=request.user, at=at)
        return _("The order is withdrawn.")

    return asked(request, withdrawing(found), form, do)
