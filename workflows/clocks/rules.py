"""What the law counts: kinds of clock, their usual limits, reasons that pause and who may extend. Data, with citations.

APL: Administrative Licensing Law of the People's Republic of China (行政许可法, 2019-04-23). A service's own cited rule
comes first; these are the defaults.
"""

from __future__ import annotations

from dataclasses import dataclass

from workflows.clocks.facts import Limit, Unit


@dataclass(frozen=True, kw_only=True, slots=True)
class KindRule:
    """What one kind of clock means.

    limit: usual limit, None where each service states its own. extension: largest lengthening, None where none is
    allowed by default. authority: who may grant it. statutory: the law's own limit, whose end is black, not red.
    """

    name_zh: str
    name_en: str
    limit: Limit | None = None
    extension: int | None = None
    authority: str = ""
    statutory: bool = False
    citation: str = ""


HEAD, GOVERNMENT = "head_of_department", "peoples_government"


def _days(amount: int) -> Limit:
    return Limit(amount, Unit.WORKING_DAYS)


KINDS: dict[str, KindRule] = {
    "pre_check": KindRule(name_zh="预审", name_en="Pre-check", limit=_days(1)),
    "one_time_notice": KindRule(
        name_zh="一次性告知", name_en="One-time notice", limit=_days(5), citation="APL art. 32(4)"
    ),
    "stage": KindRule(name_zh="环节时限", name_en="Stage"),
    "promised": KindRule(name_zh="承诺时限", name_en="Promised limit", extension=10, authority=HEAD),
    "statutory": KindRule(
        name_zh="法定时限", name_en="Statutory limit", limit=_days(20), extension=10, authority=HEAD,
        statutory=True, citation="APL art. 42",
    ),
    "joint": KindRule(
        name_zh="联合办理", name_en="Joint handling", limit=_days(45), extension=15, authority=GOVERNMENT,
        citation="APL art. 42",
    ),
    "delivery": KindRule(name_zh="送达", name_en="Delivery", limit=_days(10), citation="APL art. 44"),
    "correction": KindRule(name_zh="补正", name_en="Applicant's correction"),
    "deferred_documents": KindRule(name_zh="容缺补齐", name_en="Deferred documents"),
    "rating_contact": KindRule(name_zh="差评回访", name_en="First contact after a bad rating", limit=_days(1)),
    "rating_rectification": KindRule(name_zh="差评整改", name_en="Rectification of a bad rating", limit=_days(15)),
    "supervision_reply": KindRule(name_zh="督办反馈", name_en="Reply to a supervision order"),
    "renewal": KindRule(name_zh="延续", name_en="Renewal", citation="APL art. 50"),
    "post_permit_check": KindRule(name_zh="事后核查", name_en="Post-permit check"),
    "hearing": KindRule(name_zh="听证", name_en="Hearing", citation="APL art. 47"),
    "publicity": KindRule(name_zh="公示", name_en="Publicity"),
}  # fmt: skip


#: Clocks by whose end no task is due: what waits for the applicant, or for days to pass, presses nobody at work.
NOT_PRESSING = ("deferred_documents", "publicity", "renewal")


@dataclass(frozen=True, kw_only=True, slots=True)
class PauseRule:
    """A reason whose time the law does not count."""

    name_zh: str
    name_en: str
    citation: str = "APL art. 45"


# The list of art. 45 is closed: a site visit is not in it and runs inside the limit.
PAUSES: dict[str, PauseRule] = {
    "hearing": PauseRule(name_zh="听证", name_en="hearing"),
    "tender": PauseRule(name_zh="招标", name_en="tender"),
    "auction": PauseRule(name_zh="拍卖", name_en="auction"),
    "inspection": PauseRule(name_zh="检验", name_en="laboratory or product inspection"),
    "testing": PauseRule(name_zh="检测", name_en="testing"),
    "quarantine": PauseRule(name_zh="检疫", name_en="quarantine"),
    "appraisal": PauseRule(name_zh="鉴定", name_en="appraisal"),
    "expert_review": PauseRule(name_zh="专家评审", name_en="expert review"),
}

AUTHORITIES: dict[str, tuple[str, str]] = {
    HEAD: ("行政机关负责人", "the head of the department"),
    GOVERNMENT: ("本级人民政府负责人", "the people's government of this level"),
}
