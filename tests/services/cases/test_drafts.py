"""A draft: where its answers come from, and what happens when it is changed in two places."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.cases.enums import Channel
from services.cases.models import Application
from services.cases.operations.drafts import confirm_answers, save_draft, start_draft
from services.cases.origins import waiting
from services.catalogue.queries import current_bundle_version
from services.parties.queries import person_of
from services.parties.references import PartyRef
from tests.factories.applications import RESTAURANT, user
from tests.services.cases.conftest import MORNING

pytestmark = pytest.mark.usefixtures("city")

AT = MORNING + timedelta(hours=1)


def draft(by: str = "owner", party: PartyRef | None = None, **more: Any) -> Application:
    person = user(by)
    return start_draft(
        offer=current_bundle_version("open-restaurant"),
        party=party or person_of(person).ref,
        by=person,
        at=MORNING,
        **more,
    )


def test_a_draft_knows_where_each_answer_comes_from() -> None:
    owner, made = user("owner"), draft(situation=RESTAURANT)
    told = {"sign.text": {"by": "source", "source": "business_register"}}
    answers = {"sign.text": "文姐小馆", "sign.width": "3"}
    made = save_draft(application_id=made.pk, answers=answers, by=owner, at=AT, origins=told)
    assert made.origins["sign.text"] == {
        "by": "source",
        "source": "business_register",
        "who": owner.pk,
        "at": AT.isoformat(),
        "confirmed_at": None,
    }
    assert made.origins["sign.width"]["by"] == "typed"
    assert made.origins["sign.width"]["confirmed_at"] == AT.isoformat()
    assert waiting(made.origins) == {"sign.text"}
    later = AT + timedelta(minutes=1)
    made = save_draft(application_id=made.pk, answers={**answers, "sign.width": 3.5}, by=owner, at=later)
    assert made.origins["sign.text"]["at"] == AT.isoformat(), "unchanged: it keeps its origin"
    assert made.origins["sign.width"]["at"] == later.isoformat()
    made = confirm_answers(application_id=made.pk, codes=["sign.text", "sign.height"], by=owner, at=later)
    assert made.origins["sign.text"]["confirmed_at"] == later.isoformat()
    assert not waiting(made.origins)
    made = save_draft(application_id=made.pk, answers={"sign.text": "另一家", "sign.width": ""}, by=owner, at=later)
    assert made.origins["sign.text"]["by"] == "typed"
    assert "sign.width" not in made.origins


def test_what_a_clerk_enters_waits_for_the_applicant() -> None:
    clerk = user("clerk")
    made = draft(by=clerk, party=person_of(user("owner")).ref, channel=Channel.COUNTER)
    made = save_draft(application_id=made.pk, answers={"sign.text": "x"}, by=clerk, at=AT)
    made = confirm_answers(application_id=made.pk, codes=["sign.text"], by=clerk, at=AT)
    assert made.origins["sign.text"]["by"] == "clerk"
    assert waiting(made.origins) == {"sign.text"}
