"""A threshold rule as sentences people read, in the language of the page or in a given one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, override

from portal.ui.wording import is_chinese
from services.notifications.enums import Channel
from services.supervision.enums import Recipient
from workflows.clocks import Threshold
from workflows.clocks.effects import Consequence
from workflows.clocks.thresholds import AFTER, BEFORE, DUE
from workflows.enums import ClockKind

#: What the messages a rule may send are about.
MESSAGES: Mapping[str, str | Promise] = {
    "deadline_warning": gettext_lazy("the limit ends soon"),
    "deadline_overdue": gettext_lazy("the limit has passed"),
    "deadline_long_overdue": gettext_lazy("the limit passed days ago"),
    "deadline_statutory": gettext_lazy("the statutory limit has passed"),
    "deadline_escalated": gettext_lazy("laid before the head"),
    "period_over": gettext_lazy("the period is over"),
    "deadline_reminder": gettext_lazy("something waits for the applicant"),
}
#: What follows in the case itself, with the article where the law says so.
IN_THE_CASE: Mapping[str, str | Promise] = {
    "deemed_acceptance": gettext_lazy(
        "the case counts as accepted on the day it was received (Administrative Licensing Law, art. 32(4))"
    ),
    "deemed_renewal": gettext_lazy("the licence counts as renewed (Administrative Licensing Law, art. 50)"),
    "deemed_withdrawal": gettext_lazy(
        "the application counts as withdrawn, where a rule of the region is cited for the service"
    ),
    "tacit_approval": gettext_lazy(
        "the application counts as granted, where a rule of the region is cited for the service"
    ),
    "renewal_reminder": gettext_lazy("the holder is told until when renewal is asked for"),
    "release_notice": gettext_lazy(
        "the one-time notice goes out with everything recorded so far (Administrative Licensing Law, art. 32(4))"
    ),
}


@dataclass(frozen=True, kw_only=True)
class RuleWords:
    """One rule in words. kinds: the limits it watches; when; follows: a sentence per consequence."""

    rule: Threshold
    kinds: str
    when: str
    follows: list[str]


def rule_words(rule: Threshold) -> RuleWords:
    """Return a rule in the language of the page."""
    words = [_consequence(one) for one in rule.consequences]
    return RuleWords(
        rule=rule, kinds=_listed(ClockKind(kind).label for kind in rule.kinds), when=_when(rule), follows=words
    )


def sentence(rule: Threshold, language: str) -> str:
    """Return a whole rule as one sentence in a language."""
    with override(language):
        words = rule_words(rule)
        follows = _listed(words.follows, mark="；" if is_chinese() else "; ") or _("nothing follows")
        return _("%(kinds)s: %(when)s: %(follows)s.") % {
            "kinds": words.kinds,
            "when": words.when,
            "follows": follows,
        }


def _listed(words: Iterable[Any], *, mark: str = "") -> str:
    return (mark or ("、" if is_chinese() else ", ")).join(str(word) for word in words)


def _when(rule: Threshold) -> str:
    moment = rule.when
    days = ngettext("%(count)d working day", "%(count)d working days", moment.working_days) % {
        "count": moment.working_days
    }
    if moment.point == DUE:
        return _("when the limit passes")
    if moment.point == AFTER:
        return _("%(days)s after the limit passed") % {"days": days}
    if moment.point == BEFORE:
        return _("%(days)s before the limit passes") % {"days": days}
    if not moment.percent:
        return _("when at most %(days)s remain") % {"days": days}
    if not moment.working_days:
        return _("when at most %(percent)s%% of the limit remain") % {"percent": moment.percent}
    words = {"percent": moment.percent, "days": days}
    return _("when at most %(percent)s%% of the limit or %(days)s remain, whichever is more") % words


def _consequence(one: Consequence) -> str:
    options = one.options
    match one.do:
        case "card":
            return _("a card is given")
        case "escalate":
            return _("it is laid before the head of the department")
        case "supervision_order":
            days = int(options.get("reply_days", 3))
            return ngettext(
                "a supervision order is issued, to be replied to within %(count)d working day",
                "a supervision order is issued, to be replied to within %(count)d working days",
                days,
            ) % {"count": days}
        case "notify":
            return _notice(options)
        case _:
            return str(IN_THE_CASE.get(one.do, one.do))


def _notice(options: Mapping[str, Any]) -> str:
    words = {
        "people": _listed(Recipient(to).label for to in options["to"]),
        "message": MESSAGES.get(options["message"], options["message"]),
    }
    told = _("a message goes to %(people)s: %(message)s") % words
    if options.get("channels") is None:
        return told
    channels = [Channel.INBOX, *(Channel(name) for name in options["channels"] if name != Channel.INBOX)]
    return _("%(told)s (only by: %(channels)s)") % {
        "told": told,
        "channels": _listed(channel.label for channel in channels),
    }
