"""Tasks of the posts somebody holds."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from portal.api.serializers.base import NamedSerializer, StrictSerializer
from services.access.masking import mask_name
from services.cases.enums import CaseState
from services.cases.models import Case
from services.cases.queries.timeline import steps_back_of
from services.cases.queries.worklists import Work
from workflows.enums import TaskState

#: What a one-time notice may ask for.
ASKED_KINDS = [("material", "material"), ("element", "element")]


class TaskCaseSerializer(serializers.Serializer[Case]):
    """The case a task is about."""

    id = serializers.CharField(source="public_id")
    number = serializers.CharField()
    state = serializers.ChoiceField(choices=CaseState.choices)
    service = serializers.SerializerMethodField()
    department = NamedSerializer()
    filed_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(NamedSerializer)
    def get_service(self, case: Case) -> dict[str, str]:
        """Return the service in the version of the case."""
        return {"code": case.service.code, "name_zh": case.service.name_zh, "name_en": case.service.name_en}


class TaskSerializer(serializers.Serializer[Work]):
    """A task in a list; the applicant is masked unless it is an organisation."""

    id = serializers.IntegerField(source="task.pk")
    node = serializers.CharField(source="task.node")
    name_zh = serializers.CharField(source="task.name_zh")
    name_en = serializers.CharField(source="task.name_en")
    department = serializers.CharField(source="task.department")
    role = serializers.CharField(source="task.role")
    state = serializers.ChoiceField(choices=TaskState.choices, source="task.state")
    outcome = serializers.CharField(source="task.outcome")
    outcomes = serializers.ListField(child=serializers.CharField(), source="task.outcomes")
    held_by = serializers.SerializerMethodField()
    light = serializers.CharField()
    due_on = serializers.DateField(allow_null=True)
    due_at = serializers.DateTimeField(source="task.due_at", allow_null=True)
    opened_at = serializers.DateTimeField(source="task.opened_at")
    closed_at = serializers.DateTimeField(source="task.closed_at", allow_null=True)
    application = serializers.CharField(source="application.number", allow_null=True)
    applicant = serializers.SerializerMethodField()
    case = TaskCaseSerializer(allow_null=True)

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_held_by(self, work: Work) -> str | None:
        """Return the sign-in of who took it, None while nobody did."""
        return work.task.assignee.get_username() if work.task.assignee is not None else None

    def get_applicant(self, work: Work) -> str:
        """Return who applied, as lists show it."""
        return mask_name(work.applicant) if work.application.party_kind == "person" else work.applicant


class OpinionSerializer(serializers.Serializer[Any]):
    """What somebody concluded earlier."""

    role = serializers.CharField()
    outcome = serializers.CharField()
    reasons = serializers.CharField()
    given_at = serializers.DateTimeField()


class EarlierStepSerializer(serializers.Serializer[Any]):
    """A step of a process."""

    node = serializers.CharField(source="id")
    name_zh = serializers.CharField()
    name_en = serializers.CharField()


class TaskDetailSerializer(TaskSerializer):
    """A task with what was concluded before it, and the earlier steps it may be sent back to."""

    opinions = serializers.SerializerMethodField()
    returns_to = serializers.SerializerMethodField()

    @extend_schema_field(EarlierStepSerializer(many=True))
    def get_returns_to(self, work: Work) -> list[dict[str, Any]]:
        """Return the earlier steps that the drawing of its process names."""
        return [dict(EarlierStepSerializer(step).data) for step in steps_back_of(work.task)]

    @extend_schema_field(OpinionSerializer(many=True))
    def get_opinions(self, work: Work) -> list[dict[str, Any]]:
        """Return the opinions on its case, in order."""
        if work.case is None:
            return []
        return [dict(OpinionSerializer(one).data) for one in work.case.opinions.all()]


class OutsideSerializer(StrictSerializer):
    """What another system decided."""

    number = serializers.CharField(max_length=80)
    decided_on = serializers.DateField()


class MissingSerializer(StrictSerializer):
    """One thing a one-time notice asks for."""

    kind = serializers.ChoiceField(choices=ASKED_KINDS)
    code = serializers.CharField(max_length=80)
    reason = serializers.CharField(max_length=1000)


class CompletionSerializer(StrictSerializer):
    """How a task is completed. `missing` goes with the outcome `supplement` only."""

    outcome = serializers.CharField(max_length=40)
    reasons = serializers.CharField(max_length=5000, required=False, default="", allow_blank=True)
    outside = OutsideSerializer(required=False)
    competent_body = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    missing = MissingSerializer(many=True, required=False)


class SendBackSerializer(StrictSerializer):
    """Where a task is sent back to, and why."""

    to_node = serializers.CharField(max_length=80)
    reasons = serializers.CharField(max_length=5000)


class NothingSerializer(StrictSerializer):
    """A body that says nothing."""
