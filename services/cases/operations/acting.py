"""Whoever acts for another does it openly: the principal is told each time, and can look it up for good."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from services.cases.models import Application
from services.cases.operations.telling import offer_names
from services.notifications.drafts import NoticeDraft
from services.notifications.operations import owe_notices
from services.parties.enums import ActKind, MandateScope
from services.parties.models import Act
from services.parties.operations.acts import record_act
from services.parties.queries import Acting, acting_for, names_of_parties, principals_of

if TYPE_CHECKING:
    from portal.accounts.models import User

#: What the principal is told of at once, and how the notice says it; the rest she looks up.
_TOLD = {
    ActKind.SIGNED: ("签署了", "signed"),
    ActKind.FILED: ("提交了", "filed"),
    ActKind.WITHDREW: ("撤回了", "withdrew"),
    ActKind.PAID: ("缴费：", "paid for"),
}
#: Which scope of a mandate an act needs.
SCOPES = {ActKind.SIGNED: MandateScope.SIGN, ActKind.WITHDREW: MandateScope.SIGN, ActKind.PAID: MandateScope.PAY}


def done_in_name(application: Application, kind: ActKind, *, by: User, at: datetime) -> Acting:
    """Note what somebody did about an application for its party or holder, unless she is it or represents it.

    Effects: an act that the principal reads under "people who act for others"; of what binds her, a notice to everybody
    who is the principal but not to who did it. Returns in which relation she acted.
    """
    acting = _relation(application, kind, by, at)
    if not acting.for_another:
        return acting
    act = record_act(
        acting=acting,
        kind=kind,
        subject_kind="application",
        subject_id=application.pk,
        detail=application.number or "",
        by=by,
        at=at,
    )
    if kind in _TOLD:
        _tell_principal(application, acting, act, *_TOLD[kind], by=by, at=at)
    return acting


def _relation(application: Application, kind: ActKind, by: User, at: datetime) -> Acting:
    """Return in which relation she acts: for the party first, by a mandate for this very act first."""
    wanted = SCOPES.get(kind, MandateScope.FILL)
    found = Acting(party=application.party, relation="none")
    for ref in dict.fromkeys((application.party, application.holder)):
        for scope in dict.fromkeys((wanted, MandateScope.FILL)):
            found = acting_for(by, ref, scope, at)
            if found.relation != "none":
                return found
    return found


def _tell_principal(
    application: Application, acting: Acting, act: Act, did_zh: str, did_en: str, *, by: User, at: datetime
) -> None:
    people = [one for one in principals_of(acting.party, at) if one.pk != by.pk]
    params = {
        "who": by.get_full_name(),
        "principal": names_of_parties([acting.party])[acting.party],
        "did_zh": did_zh,
        "did_en": did_en,
        **offer_names(application),
        "application": application.number or "–",
    }
    owe_notices(
        [
            NoticeDraft(
                subject_kind="act",
                subject_id=str(act.pk),
                kind="acted_in_your_name",
                recipient_user_id=one.pk,
                params=params,
                link=f"/my/applications/{application.public_id}/",
            )
            for one in people
        ],
        at=at,
        recipients=people,
    )
