"""The administration shows the catalogue and changes nothing."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.test import RequestFactory

from services.catalogue.models import Bundle, BundleVersion, Material, ServiceItem, ServiceVersion
from tests.factories.accounts import UserFactory


@pytest.mark.django_db
@pytest.mark.parametrize("model", [ServiceItem, ServiceVersion, Bundle, BundleVersion])
def test_even_a_superuser_only_reads(model: type) -> None:
    request = RequestFactory().get("/")
    request.user = UserFactory(is_staff=True, is_superuser=True)
    page = admin.site.get_model_admin(model)

    assert page.has_view_permission(request)
    assert not page.has_add_permission(request)
    assert not page.has_change_permission(request)
    assert not page.has_delete_permission(request)


def test_a_version_shows_all_its_rows() -> None:
    page = admin.site.get_model_admin(ServiceVersion)

    assert Material in {inline.model for inline in page.inlines}
    assert len(page.inlines) == 8
