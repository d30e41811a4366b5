"""How the seeded past answers for itself: heads reply to orders, managers judge, departments appeal against cards."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from services.parties.queries import users_in_post
from services.supervision.enums import OrderState
from services.supervision.models import Card, SupervisionOrder
from services.supervision.operations.cards import appeal_card, reject_appeal, revoke_card
from services.supervision.operations.orders import accept_reply, reply_to_order, send_back_reply
from services.supervision.queries.recipients import OFFICE

REPLIES = (
    "承办人休假，已调整人员接办，三日内办结。",
    "现场核查排期冲突，已于昨日完成核查，正在出具意见。",
    "申请量集中，已增派人手，本周内清理完毕。",
)
APPEALS = ("系统升级期间无法登录，应予扣除。", "专家评审期间未及时登记暂停，实际未超期。")
#: Orders are left alone for a day; of those that wait, so many are seen to each day.
UNTOUCHED = timedelta(days=1)
REPLIED_A_DAY, JUDGED_A_DAY, SENT_BACK = 0.55, 0.7, 0.25
APPEALED = 8


def answer_orders(*, at: datetime, rng: random.Random) -> None:
    """Let heads reply to some of the orders that wait, and managers judge some of the replies."""
    manager = users_in_post(OFFICE, "manager", at).first()
    for order in SupervisionOrder.objects.exclude(state=OrderState.CLOSED).order_by("id"):
        head = users_in_post(order.department, "head", at).first()
        if order.issued_at > at - UNTOUCHED or head is None or manager is None:
            continue
        if order.state == OrderState.AWAITING_REPLY and rng.random() < REPLIED_A_DAY:
            reply_to_order(order_id=order.pk, text=rng.choice(REPLIES), by=head, at=at)
        elif order.state == OrderState.REPLIED and rng.random() < JUDGED_A_DAY:
            round_ = order.replies.count()
            if round_ == 1 and rng.random() < SENT_BACK:
                remark = "请补充说明超期原因和具体办结日期。"
                send_back_reply(order_id=order.pk, round=round_, remark=remark, by=manager, at=at)
            else:
                accept_reply(order_id=order.pk, round=round_, by=manager, at=at)


def appeal_against_cards(*, at: datetime, rng: random.Random) -> None:
    """Let departments appeal against a few of their red cards; one is revoked, one stands, the others wait."""
    manager = users_in_post(OFFICE, "manager", at).first()
    cards = list(Card.objects.filter(level="red", case__isnull=False).order_by("-given_at", "-id")[: APPEALED * 3])
    for place, card in enumerate(rng.sample(cards, min(APPEALED, len(cards)))):
        head = users_in_post(card.department, "head", at).first()
        if head is None or manager is None:
            continue
        appeal_card(card_id=card.pk, reason=rng.choice(APPEALS), by=head, at=at)
        if place == 0:
            revoke_card(card_id=card.pk, reason="经核实，系统升级期间无法办理，情况属实。", by=manager, at=at)
        elif place == 1:
            reject_appeal(card_id=card.pk, reason="系统运行记录正常，申诉理由不成立。", by=manager, at=at)
