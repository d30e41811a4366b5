"""One-time notices as those see them who are asked, and their answers."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from portal.api.serializers.base import NamedSerializer, StrictSerializer
from portal.api.serializers.tasks import ASKED_KINDS
from services.cases.models import OneTimeNotice
from services.cases.queries.notices import AskedByDepartment, AskedThing, things_asked


class AskReasonSerializer(serializers.Serializer[Any]):
    """What one department asks about a thing."""

    department = serializers.CharField(source="department.code")
    text = serializers.CharField()


class AskedThingSerializer(serializers.Serializer[AskedThing]):
    """A document or field that is asked for, once, with every department's reason."""

    kind = serializers.ChoiceField(choices=ASKED_KINDS)
    code = serializers.CharField()
    name_zh = serializers.CharField()
    name_en = serializers.CharField()
    reasons = AskReasonSerializer(many=True)


class AskedByDepartmentSerializer(serializers.Serializer[AskedByDepartment]):
    """What stands under the heading of one department."""

    department = NamedSerializer()
    cases = serializers.SerializerMethodField()
    things = AskedThingSerializer(many=True)

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_cases(self, group: AskedByDepartment) -> list[str]:
        """Return the numbers of its cases that ask."""
        return [case.number for case in group.cases]


class OneTimeNoticeSerializer(serializers.Serializer[OneTimeNotice]):
    """A notice of everything several departments miss, and whether it was answered."""

    number = serializers.IntegerField()
    released_at = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)
    departments = serializers.SerializerMethodField()

    @extend_schema_field(AskedByDepartmentSerializer(many=True))
    def get_departments(self, notice: OneTimeNotice) -> Any:
        """Return what is asked, by department, each thing once."""
        return AskedByDepartmentSerializer(things_asked(notice), many=True).data


class NoticeAnswerSerializer(StrictSerializer):
    """What is handed in: values of marked fields by their code. Documents are uploaded on the site before."""

    answers = serializers.DictField(child=serializers.JSONField(), required=False, default=dict)
