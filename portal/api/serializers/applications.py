"""Applications as those see them who filed them or act for who did."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import get_language
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from portal.api.serializers.base import NamedSerializer
from services.cases.enums import ApplicationResult, ApplicationState, CaseState, Channel
from services.cases.models import Application
from services.cases.queries.timeline import Lane, Timeline
from services.documents.models import Paper
from workflows.enums import TaskState
from workflows.models import Task
from workflows.queries.clocks import explanation_of


class OfferSerializer(serializers.Serializer[Any]):
    """What was applied for: a bundle or a service."""

    kind = serializers.ChoiceField(choices=[("bundle", "bundle"), ("service", "service")])
    code = serializers.CharField()
    version = serializers.IntegerField()
    name_zh = serializers.CharField()
    name_en = serializers.CharField()


class ApplicationSerializer(serializers.Serializer[Application]):
    """An application in a list."""

    id = serializers.CharField(source="public_id")
    number = serializers.CharField(allow_null=True)
    state = serializers.ChoiceField(choices=ApplicationState.choices)
    result = serializers.ChoiceField(choices=ApplicationResult.choices, allow_blank=True)
    channel = serializers.ChoiceField(choices=Channel.choices)
    offer = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()
    submitted_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(OfferSerializer)
    def get_offer(self, application: Application) -> dict[str, Any]:
        """Return the bundle or service in the version applied for."""
        offer = application.offer
        return {
            "kind": "bundle" if application.bundle_id else "service",
            "code": offer.code,
            "version": offer.number,
            "name_zh": offer.name_zh,
            "name_en": offer.name_en,
        }


class PaperSerializer(serializers.Serializer[Paper]):
    """A paper; `url` downloads it in the browser's session, `verify_code` proves it to anybody."""

    number = serializers.CharField()
    kind = serializers.CharField()
    title_zh = serializers.CharField()
    title_en = serializers.CharField()
    issued_at = serializers.DateTimeField()
    valid_until = serializers.DateField(allow_null=True)
    verify_code = serializers.CharField()
    url = serializers.SerializerMethodField()

    def get_url(self, paper: Paper) -> str:
        """Return where it is downloaded."""
        return reverse("applicant:paper", args=[paper.public_id])


class StepSerializer(serializers.Serializer[Task]):
    """A step of a case. What somebody recommended inside is not told, only what was decided."""

    name_zh = serializers.CharField()
    name_en = serializers.CharField()
    department = serializers.CharField()
    role = serializers.CharField()
    state = serializers.ChoiceField(choices=TaskState.choices)
    opened_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)


class LaneSerializer(serializers.Serializer[Lane]):
    """One case of an application: a department's branch."""

    id = serializers.CharField(source="case.public_id")
    number = serializers.CharField(source="case.number")
    part = serializers.CharField(source="case.part")
    state = serializers.ChoiceField(choices=CaseState.choices, source="case.state")
    service = serializers.SerializerMethodField()
    department = NamedSerializer(source="case.department")
    light = serializers.CharField(help_text="green, yellow, red, black, paused, or empty while no limit runs")
    due_on = serializers.DateField(allow_null=True)
    due_at = serializers.SerializerMethodField()
    provisional = serializers.SerializerMethodField()
    why = serializers.SerializerMethodField(help_text="Why this date, line by line, in the language asked for")
    with_applicant = serializers.BooleanField()
    filed_at = serializers.DateTimeField(source="case.filed_at", allow_null=True)
    accepted_at = serializers.DateTimeField(source="case.accepted_at", allow_null=True)
    decided_at = serializers.DateTimeField(source="case.decided_at", allow_null=True)
    delivered_at = serializers.DateTimeField(source="case.delivered_at", allow_null=True)
    waits_zh = serializers.CharField()
    waits_en = serializers.CharField()
    steps = StepSerializer(many=True, source="tasks")
    papers = PaperSerializer(many=True)

    @extend_schema_field(NamedSerializer)
    def get_service(self, lane: Lane) -> dict[str, str]:
        """Return the service in the version of the case."""
        version = lane.case.service
        return {"code": version.code, "name_zh": version.name_zh, "name_en": version.name_en}

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_due_at(self, lane: Lane) -> str | None:
        """Return the instant the shown limit ends."""
        return lane.clock.due_at.isoformat() if lane.clock and lane.clock.due_at else None

    def get_provisional(self, lane: Lane) -> bool:
        """Return whether the calendar of that year is not announced yet."""
        return lane.clock.provisional if lane.clock else False

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_why(self, lane: Lane) -> list[str]:
        """Return the explanation of the shown limit."""
        return explanation_of(lane.clock, language=get_language() or "zh-hans") if lane.clock else []


class TimelineSerializer(serializers.Serializer[Timeline]):
    """Where an application stands: its cases side by side, what waits for the applicant, its own papers."""

    application = ApplicationSerializer()
    cases = LaneSerializer(many=True, source="lanes")
    own_steps = StepSerializer(many=True, source="own_tasks")
    papers = PaperSerializer(many=True)
