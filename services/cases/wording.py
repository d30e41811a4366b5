"""What a case explains about its time, in both languages: who had it, its limits and what follows from them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from workflows.clocks.spent import Holder, Owner
from workflows.clocks.wording import Wording

HOLDERS: dict[Holder, tuple[str, str]] = {
    Holder.APPLICANT: ("申请人", "The applicant"),
    Holder.DEPARTMENT: ("{department}", "{department}"),
    Holder.WAITING: ("等待其他部门", "Waiting for other departments"),
    Holder.PAUSED: ("依法暂停计时", "Paused by law"),
    Holder.HELD: ("管理人员暂缓办理", "On hold by a manager"),
    Holder.DELIVERY: ("决定后的制发与送达", "Delivery of the decision"),
    Holder.SYSTEM: ("系统自动办理", "Automatic steps"),
}
YOU = ("您", "You")

EVENTS: dict[str, tuple[str, str]] = {
    "receipt": ("收到申请", "receipt of the application"),
    "acceptance": ("受理", "acceptance"),
    "deemed_acceptance": ("视为受理", "deemed acceptance"),
    "decision": ("作出决定", "the decision"),
    "notice": ("一次性告知", "the one-time notice"),
}

LIGHTS: dict[str, tuple[str, str]] = {
    "green": ("绿灯，正常", "green, in time"),
    "yellow": ("黄灯，即将到期", "yellow, due soon"),
    "red": ("红灯，已超过承诺时限", "red, past the promised limit"),
    "black": ("黑灯，已超过法定时限", "black, past the statutory limit"),
    "paused": ("灰灯，依法暂停", "grey, paused by law"),
}

SENTENCES: dict[str, tuple[str, str]] = {
    "application": ("申请 {number}", "Application {number}"),
    "case": ("办件 {number}：{service}（{department}）", "Case {number}: {service} ({department})"),
    "as_of": ("截至 {at}", "As of {at}"),
    "no_clock": ("没有计时中的或曾经计时的时限", "No time limit runs or has run"),
    "counts": ("自{event}起计算", "Counts from {event}"),
    "light": ("目前：{light}", "Now: {light}"),
    "stopped": ("已于 {at} 停止计时，未超期", "Stopped {at}, in time"),
    "stopped_late": ("已于 {at} 停止计时，已超期", "Stopped {at}, after it was due"),
    "extended": ("于 {at} 延长，理由：{reason}", "Extended on {at}: {reason}"),
    "pause_over": ("{reason}暂停原计划{planned}，实际{taken}，超出计划",
                   "The pause for {reason} was planned to take {planned} and took {taken}: longer than planned"),
    "pause_runs_over": ("{reason}暂停原计划{planned}，至今已{taken}，已超出计划",
                        "The pause for {reason} was planned to take {planned}, has taken {taken} and still lasts: "
                        "longer than planned"),
    "calendar": ("按{region}日历第{number}版计算", "Computed by version {number} of the calendar of {region}"),
    "calendar_national": ("按全国工作日历计算", "Computed by the national calendar"),
    "recomputed": ("日历变更，于 {at} 重新计算：{before} → {after}",
                   "Computed anew on {at} because the calendar changed: {before} → {after}"),
    "undecided": ("待定", "undecided"),
    "fired": ("{what}：{due} 到达，{at} 执行", "{what}: reached {due}, acted on {at}"),
    "fired_late": ("{what}：{due} 到达，{at} 补执行（迟）", "{what}: reached {due}, acted on late, {at}"),
    "next": ("接下来：{what}，{due}", "Next: {what}, {due}"),
    "overdue_timer": ("{what}：{due} 已到达，等待执行", "{what}: reached {due}, about to be acted on"),
    "threshold": ("时点“{code}”", "Threshold “{code}”"),
    "threshold_light": ("时点“{code}”（{light}）", "Threshold “{code}” ({light})"),
    "spent": ("时间去向：自提出起，{begin} 至 {end}，共{amount}",
              "Who spent the time: {begin} to {end}, {amount} in all"),
    "spent_bundle": ("整个申请的时间：{begin} 至 {end}，共{amount}",
                     "Since the application was submitted: {begin} to {end}, {amount} in all"),
    "planned": ("尚未提出，时间未开始计算", "Not filed yet: its time has not begun"),
    "no_time": ("0分钟", "0 min"),
}  # fmt: skip


class CaseWording(Wording):
    """The sentences about a case's time in one language: zh-hans or en. Raises ValueError for any other."""

    def __init__(self, language: str, zone: ZoneInfo, seconds_per_day: int) -> None:
        """zone: of the instants. seconds_per_day: how many working seconds make a working day."""
        super().__init__(language)
        self.zone = zone
        self.seconds_per_day = seconds_per_day

    def tell(self, key: str, **words: object) -> str:
        """Return a sentence of this module with its placeholders filled."""
        return self.pick(*SENTENCES[key]).format(**words)

    def instant(self, at: datetime) -> str:
        """Return a local instant, such as "Tue 29 Sep 2026 17:00"."""
        local = at.astimezone(self.zone)
        return f"{self.day(local.date())} {self.moment(local)}"

    def light(self, light: str) -> str:
        """Return a light in words."""
        return self.pick(*LIGHTS[light]) if light in LIGHTS else light

    def event(self, code: str) -> str:
        """Return what made a clock start, in words; one of a rule drawn later as it is."""
        return self.pick(*EVENTS[code]) if code in EVENTS else code

    def owner(self, owner: Owner, departments: dict[str, str], *, to_applicant: bool = False) -> str:
        """Return whom time belongs to. to_applicant: she reads it herself."""
        if to_applicant and owner.holder is Holder.APPLICANT:
            return self.pick(*YOU)
        department = departments.get(owner.department, owner.department)
        return self.pick(*HOLDERS[owner.holder]).format(department=department)

    def working_time(self, minutes: int) -> str:
        """Return working minutes as working days, hours and minutes."""
        days, rest = divmod(minutes, self.seconds_per_day // 60)
        hours, minutes = divmod(rest, 60)
        words = [self.amount(days, "working_days")] if days else []
        if hours:
            words.append(self.pick(f"{hours}小时", f"{hours} h"))
        if minutes:
            words.append(self.pick(f"{minutes}分钟", f"{minutes} min"))
        return self.pick("", " ").join(words) or self.tell("no_time")
