"""What all serializers share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers


class StrictSerializer(serializers.Serializer[Any]):
    """Takes in named fields only: one that is not known is an error, never passed over."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the valid values. Raises ValidationError naming unknown fields."""
        if isinstance(data, Mapping):
            unknown = sorted(str(name) for name in set(data) - set(self.fields))
            if unknown:
                raise serializers.ValidationError(
                    {name: serializers.ErrorDetail(_("This field is not known."), code="unknown") for name in unknown}
                )
        return super().to_internal_value(data)


class NamedSerializer(serializers.Serializer[Any]):
    """A code with its name in both languages."""

    code = serializers.CharField()
    name_zh = serializers.CharField()
    name_en = serializers.CharField()


class LimitSerializer(serializers.Serializer[Any]):
    """A time limit; 0 is on the spot."""

    amount = serializers.IntegerField()
    unit = serializers.CharField()
