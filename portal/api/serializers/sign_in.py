"""Who calls, and by which token."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from portal.api.serializers.base import StrictSerializer


class CredentialsSerializer(StrictSerializer):
    """Name and password; `code` is the second factor, for those who set one up."""

    username = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=4096, trim_whitespace=False)
    code = serializers.CharField(max_length=20, required=False, default="", allow_blank=True)


class TokenSerializer(serializers.Serializer[Any]):
    """A token, shown once."""

    token = serializers.CharField()
    expires_at = serializers.DateTimeField()


class PostSerializer(serializers.Serializer[Any]):
    """A post she holds."""

    department = serializers.CharField()
    role = serializers.CharField()


class PartySerializer(serializers.Serializer[Any]):
    """Somebody she may apply for, and why."""

    kind = serializers.CharField(source="ref.kind")
    name = serializers.CharField()
    relation = serializers.CharField()


class MeSerializer(serializers.Serializer[Any]):
    """Who is signed in."""

    username = serializers.CharField()
    name = serializers.CharField()
    language = serializers.CharField()
    posts = PostSerializer(many=True)
    parties = PartySerializer(many=True)
