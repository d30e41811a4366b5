"""The public catalogue."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from portal.api.serializers.base import LimitSerializer, NamedSerializer
from services.catalogue.models import BundleVersion, ListedItem, ServiceVersion


class ServiceSerializer(serializers.Serializer[ServiceVersion]):
    """A service in a list."""

    code = serializers.CharField()
    version = serializers.IntegerField(source="number")
    name_zh = serializers.CharField()
    name_en = serializers.CharField()
    summary_zh = serializers.CharField()
    summary_en = serializers.CharField()
    department = NamedSerializer(source="item.department")
    promised = serializers.SerializerMethodField()
    statutory = serializers.SerializerMethodField()
    on_the_spot = serializers.BooleanField()
    visits = serializers.IntegerField()
    decision_place = serializers.CharField()
    demo_values = serializers.ListField(child=serializers.CharField(), help_text="Values nobody verified")

    @extend_schema_field(LimitSerializer)
    def get_promised(self, version: ServiceVersion) -> dict[str, Any]:
        """Return the promised limit."""
        return {"amount": version.promised_amount, "unit": version.promised_unit}

    @extend_schema_field(LimitSerializer(allow_null=True))
    def get_statutory(self, version: ServiceVersion) -> dict[str, Any] | None:
        """Return the limit of the law, None where it sets none."""
        if version.statutory_amount is None:
            return None
        return {"amount": version.statutory_amount, "unit": version.statutory_unit}


class MaterialSerializer(serializers.Serializer[Any]):
    """A document asked for."""

    code = serializers.CharField()
    name_zh = serializers.CharField()
    name_en = serializers.CharField()
    source = serializers.CharField()
    necessity = serializers.CharField()
    originals = serializers.IntegerField()
    copies = serializers.IntegerField()
    condition = serializers.CharField()
    note_zh = serializers.CharField()
    note_en = serializers.CharField()
    held_by_government = serializers.BooleanField()
    verified = serializers.BooleanField()


class FeeSerializer(serializers.Serializer[Any]):
    """A fee."""

    name_zh = serializers.CharField()
    name_en = serializers.CharField()
    amount = serializers.DecimalField(max_digits=10, decimal_places=2, allow_null=True)
    rate_zh = serializers.CharField()
    rate_en = serializers.CharField()
    basis_zh = serializers.CharField()
    basis_en = serializers.CharField()
    verified = serializers.BooleanField()


class LegalBasisSerializer(serializers.Serializer[Any]):
    """A rule the service stands on."""

    kind = serializers.CharField()
    law_zh = serializers.CharField()
    law_en = serializers.CharField()
    number = serializers.CharField()
    article_zh = serializers.CharField()
    article_en = serializers.CharField()
    text_zh = serializers.CharField()
    text_en = serializers.CharField()


class StageSerializer(serializers.Serializer[Any]):
    """A stage of the procedure."""

    kind = serializers.CharField()
    name_zh = serializers.CharField()
    name_en = serializers.CharField()
    who_zh = serializers.CharField()
    who_en = serializers.CharField()


class ResultSerializer(serializers.Serializer[Any]):
    """What the applicant gets."""

    paper_kind = serializers.CharField()
    name_zh = serializers.CharField()
    name_en = serializers.CharField()
    validity_months = serializers.IntegerField(allow_null=True)
    validity_zh = serializers.CharField()
    validity_en = serializers.CharField()


class QuestionSerializer(serializers.Serializer[Any]):
    """A question about the situation."""

    key = serializers.CharField()
    kind = serializers.CharField()
    text_zh = serializers.CharField()
    text_en = serializers.CharField()
    options = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))
    required = serializers.BooleanField()
    visible_if = serializers.CharField()


class ServiceDetailSerializer(ServiceSerializer):
    """A service with its guide."""

    acceptance_zh = serializers.CharField()
    acceptance_en = serializers.CharField()
    appeal_zh = serializers.CharField()
    appeal_en = serializers.CharField()
    address_zh = serializers.CharField()
    address_en = serializers.CharField()
    hours_zh = serializers.CharField()
    hours_en = serializers.CharField()
    consult_phone = serializers.CharField()
    complaint_phone = serializers.CharField()
    outside_system_zh = serializers.CharField()
    outside_system_en = serializers.CharField()
    materials = MaterialSerializer(many=True)
    fees = FeeSerializer(many=True)
    legal_bases = LegalBasisSerializer(many=True)
    steps = StageSerializer(many=True)
    results = ResultSerializer(many=True)
    questions = QuestionSerializer(many=True)


class ListedItemSerializer(serializers.Serializer[ListedItem]):
    """An item of a department's list (目录清单) that has no guide here yet."""

    code = serializers.CharField()
    kind = serializers.SerializerMethodField(help_text="Always `listed`: it cannot be applied for here")
    item_code = serializers.CharField(help_text="Implementation code, as the list wrote it")
    list_name = serializers.CharField()
    name_zh = serializers.CharField()
    main_item_zh = serializers.CharField()
    item_type = serializers.CharField(help_text="E1 code")
    department_zh = serializers.CharField()
    department_code = serializers.CharField()
    area_code = serializers.CharField()
    link = serializers.CharField(help_text="Where the list points")
    changed_at = serializers.DateTimeField()

    def get_kind(self, item: ListedItem) -> str:
        """Return what marks it."""
        return "listed"


class ListedItemDetailSerializer(ListedItemSerializer):
    """A listed item with the further columns of its list."""

    facts = serializers.DictField(help_text="Further columns, as the list wrote them; nothing was added or checked")


class BundlePartSerializer(serializers.Serializer[Any]):
    """A service in a bundle."""

    key = serializers.CharField()
    service = NamedSerializer()
    department = NamedSerializer(source="service.department")
    condition = serializers.CharField()
    after = serializers.ListField(child=serializers.CharField())
    until_then_zh = serializers.CharField()
    until_then_en = serializers.CharField()


class BundleSerializer(serializers.Serializer[BundleVersion]):
    """A bundle (一件事) in a list."""

    code = serializers.CharField()
    version = serializers.IntegerField(source="number")
    name_zh = serializers.CharField()
    name_en = serializers.CharField()
    summary_zh = serializers.CharField()
    summary_en = serializers.CharField()
    lead_department = NamedSerializer()
    parts = BundlePartSerializer(many=True)


class BundleDetailSerializer(BundleSerializer):
    """A bundle with its questions."""

    introduction_zh = serializers.CharField()
    introduction_en = serializers.CharField()
    basis_zh = serializers.CharField()
    basis_en = serializers.CharField()
    visits = serializers.IntegerField()
    questions = QuestionSerializer(many=True)
