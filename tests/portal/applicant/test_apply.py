"""Apply once through the pages, as a browser without JavaScript does."""

from __future__ import annotations

import httpx
import pytest
from django.core.wsgi import get_wsgi_application

from portal.demo import applying
from portal.demo.visitor import Visitor
from services.cases.models import Application
from tests.factories.city import load_city
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.django_db(transaction=True)

SITUATION = {
    "has_licence": "no",
    "organisation_kind": "company",
    "small_shop": "no",
    "floor_area": "420",
    "storey": "ground",
    "residential_building": "no",
    "food_items": ["hot"],
    "fire_route": "check",
    "has_sign": "yes",
    "sewer": "yes",
}


def test_apply_for_a_restaurant() -> None:
    at = database_now()
    load_city(at=at)
    transport = httpx.WSGITransport(app=get_wsgi_application())
    owner = Visitor("http://testserver", transport=transport)
    owner.sign_in("owner", "one-stop-demo")
    address = applying.apply(
        owner,
        "/my/apply/bundle/open-restaurant/",
        situation=SITUATION,
        given={"organisation.name": "郑州雯姐小馆餐饮有限公司（演示）"},
        today=at.date(),
    )
    page = applying.review_and_submit(owner, address)
    application = Application.objects.get()
    assert application.number
    assert application.number in page.words()
    again = owner.open(f"{address}review/")
    assert again.address.endswith("/submitted/")
    timeline = owner.open(address)
    assert application.number in timeline.words()
    assert timeline.tree.xpath("count(//section[contains(@class, 'lane ')])") == 5
    assert owner.open("/my/").status == 200
    assert owner.open("/my/inbox/").tree.xpath("count(//li[contains(@class, 'document-row')])") >= 1
