"""One-time notices about my applications, and my answers: the same operations as the pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import get_language
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.idempotency import idempotent
from portal.api.refusals import as_problems
from portal.api.serializers.notices import NoticeAnswerSerializer, OneTimeNoticeSerializer
from portal.api.views.base import PrivateView
from services.cases.models import Application, OneTimeNotice
from services.cases.operations.answering import answer_supplement
from services.cases.permissions import applications_of
from services.cases.queries.forms import form_answers
from services.cases.queries.notices import marked_form, things_asked
from services.forms.rules import check_answers
from workflows.queries.calendars import database_now


class NoticesView(PrivateView):
    """What the departments miss in one of my applications."""

    @extend_schema(operation_id="notices_list", tags=["applications"], responses=OneTimeNoticeSerializer(many=True))
    def get(self, request: Request, public_id: str) -> Response:
        """List the one-time notices about an application, the first first: what to add or correct, and who asks."""
        notices = _application(request, public_id, database_now()).notices.select_related("application__bundle")
        return Response(OneTimeNoticeSerializer(notices.select_related("application__service"), many=True).data)


class NoticeAnswerView(PrivateView):
    """Answer one of them."""

    @extend_schema(
        operation_id="notices_answer",
        tags=["applications"],
        request=NoticeAnswerSerializer,
        responses=OneTimeNoticeSerializer,
    )
    @idempotent
    def post(self, request: Request, public_id: str, number: int) -> Response:
        """Hand in everything a notice asks at once, for all its departments; only marked fields are taken."""
        at = database_now()
        rows = _application(request, public_id, at).notices.select_related("application__bundle")
        notice = get_object_or_404(rows.select_related("application__service"), number=number)
        given = NoticeAnswerSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        answers = _checked(notice, given.validated_data["answers"], at)
        asked = notice.supplements.order_by("answered_at", "case__position").last()
        with as_problems():
            answer_supplement(case_id=asked.case_id, answers=answers, by=request.user, at=at)
        notice.refresh_from_db()
        return Response(OneTimeNoticeSerializer(notice).data)


def _application(request: Request, public_id: str, at: datetime) -> Application:
    return get_object_or_404(applications_of(request.user, at), public_id=public_id)


def _checked(notice: OneTimeNotice, given: Mapping[str, Any], at: datetime) -> dict[str, object]:
    """Return the values in the form they are stored in; a value that does not fit its field is refused beside it."""
    schema = marked_form(notice, [thing for group in things_asked(notice) for thing in group.things])
    if schema is None:
        return dict(given)
    answers = {**form_answers(notice.application), **given}
    checked = check_answers(schema, answers, today=timezone.localdate(at))
    language = get_language() or "zh-hans"
    if wrong := [problem for problem in checked.errors if problem.element in given]:
        raise ValidationError(
            {"answers": {one.element: [one.message.in_language(language)] for one in wrong}}, code="invalid"
        )
    return {code: checked.cleaned.get(code, value) for code, value in given.items()}
