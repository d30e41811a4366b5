"""My department's tasks: the same permissions and operations as the pages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.idempotency import idempotent
from portal.api.refusals import as_problems
from portal.api.serializers.tasks import (
    CompletionSerializer,
    NothingSerializer,
    SendBackSerializer,
    TaskDetailSerializer,
    TaskSerializer,
)
from portal.api.views.base import PAGING, PrivateView, page_of, paged
from services.access.enums import Purpose
from services.access.operations import record_access
from services.cases.operations.asking import Missing, ask_supplement
from services.cases.operations.passing import send_back
from services.cases.operations.steps import OutsideResult, complete_step
from services.cases.queries.worklists import Work, inbox_of, tasks_within_posts_of, works
from workflows.models import Task
from workflows.operations.tasks import claim_task, release_task
from workflows.queries.calendars import database_now


class TasksView(PrivateView):
    """Open tasks of all posts she holds."""

    @extend_schema(
        operation_id="tasks_list",
        tags=["tasks"],
        parameters=[*PAGING, OpenApiParameter("mine", OpenApiTypes.BOOL, description="Only those I took")],
        responses=page_of(TaskSerializer, "TaskPage"),
    )
    def get(self, request: Request) -> Response:
        """List the open tasks of my posts, the most urgent first."""
        at = database_now()
        rows = inbox_of(request.user, at)
        if request.query_params.get("mine", "").lower() in ("true", "1"):
            rows = rows.filter(assignee=request.user)

        def shown(page: Iterable[Task]) -> Any:
            return TaskSerializer(works(page, at=at), many=True).data

        return paged(self, request, rows, shown)


class TaskView(PrivateView):
    """One of them."""

    @extend_schema(operation_id="tasks_read", tags=["tasks"], responses=TaskDetailSerializer)
    def get(self, request: Request, task_id: int) -> Response:
        """Read a task of my posts, also a closed one; the reading is recorded."""
        work = _work(request, task_id)
        record_access(
            reader=request.user,
            subject_kind="case" if work.case else "application",
            subject_id=work.case.pk if work.case else work.application.pk,
            fields=("applicant", "opinions"),
            purpose=Purpose.TASK,
            case_ref=work.case.number if work.case else "",
            at=database_now(),
        )
        return Response(TaskDetailSerializer(work).data)


class ClaimView(PrivateView):
    """Take a task."""

    @extend_schema(
        operation_id="tasks_claim", tags=["tasks"], request=NothingSerializer, responses=TaskDetailSerializer
    )
    @idempotent
    def post(self, request: Request, task_id: int) -> Response:
        """Take a task into my hands."""
        work = _work(request, task_id)
        NothingSerializer(data=request.data).is_valid(raise_exception=True)
        with as_problems():
            claim_task(task_id=work.task.pk, by=request.user, at=database_now())
        return Response(TaskDetailSerializer(_work(request, task_id)).data)


class ReleaseView(PrivateView):
    """Give a task back."""

    @extend_schema(
        operation_id="tasks_release", tags=["tasks"], request=NothingSerializer, responses=TaskDetailSerializer
    )
    @idempotent
    def post(self, request: Request, task_id: int) -> Response:
        """Give a task I took back to its post."""
        work = _work(request, task_id)
        NothingSerializer(data=request.data).is_valid(raise_exception=True)
        if work.task.assignee_id not in (None, request.user.pk):
            raise PermissionDenied
        with as_problems():
            release_task(task_id=work.task.pk, by=request.user, at=database_now())
        return Response(TaskDetailSerializer(_work(request, task_id)).data)


class CompleteView(PrivateView):
    """Complete a task."""

    @extend_schema(
        operation_id="tasks_complete", tags=["tasks"], request=CompletionSerializer, responses=TaskDetailSerializer
    )
    @idempotent
    def post(self, request: Request, task_id: int) -> Response:
        """Complete a task with one of its outcomes; the case moves on in the same transaction."""
        work = _work(request, task_id)
        given = CompletionSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        with as_problems():
            _complete(work.task, given.validated_data, request)
        return Response(TaskDetailSerializer(_work(request, task_id)).data)


class SendBackView(PrivateView):
    """Send a task back."""

    @extend_schema(
        operation_id="tasks_send_back", tags=["tasks"], request=SendBackSerializer, responses=TaskDetailSerializer
    )
    @idempotent
    def post(self, request: Request, task_id: int) -> Response:
        """Send a task back to one of the earlier steps that `returns_to` names, with reasons."""
        work = _work(request, task_id)
        given = SendBackSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        with as_problems():
            send_back(task_id=work.task.pk, **given.validated_data, by=request.user, at=database_now())
        return Response(TaskDetailSerializer(_work(request, task_id)).data)


def _complete(task: Task, given: dict[str, Any], request: Request) -> None:
    at = database_now()
    if given["outcome"] == "supplement":
        missing = [Missing(**one) for one in given.get("missing", [])]
        ask_supplement(task_id=task.pk, missing=missing, by=request.user, at=at)
        return
    complete_step(
        task_id=task.pk,
        outcome=given["outcome"],
        reasons=given["reasons"],
        outside=OutsideResult(**given["outside"]) if "outside" in given else None,
        competent_body=given["competent_body"],
        by=request.user,
        at=at,
    )


def _work(request: Request, task_id: int) -> Work:
    """Return a task of her posts with its case; anybody else's does not exist for her."""
    at = database_now()
    task = get_object_or_404(tasks_within_posts_of(request.user, at), pk=task_id)
    return works([task], at=at)[0]
