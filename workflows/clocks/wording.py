"""The sentences a clock explains itself with, in both languages. Placeholders are the same in each."""

from __future__ import annotations

from datetime import date, datetime

LANGUAGES = ("zh-hans", "en")
_WEEKDAYS_ZH = "一二三四五六日"
_WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

SENTENCES: dict[str, tuple[str, str]] = {
    "start": ("起算：{day}为第0日，不计入期限", "Started {day}: that is day 0 and does not count"),
    "limit": ("期限：{limit}", "Limit: {limit}"),
    "on_the_spot": ("期限：即办（当日办结）", "Limit: on the spot (by close of business)"),
    "extension": ("经{authority}批准延长{limit}", "Extended by {limit}, granted by {authority}"),
    "extension_plain": ("延长{limit}", "Extended by {limit}"),
    "after_close": (
        "{day}已过下班时间或为非工作日，顺延至下一工作日",
        "{day} was after close of business or a day off: the next working day counts",
    ),
    "day_1": ("第1日为{day}", "Day 1 is {day}"),
    "holiday": ("{days}：{name}放假，不计入", "{days}: {name}, not counted"),
    "day_off": ("{days}：放假，不计入", "{days}: day off, not counted"),
    "day_off_range": ("{days}：放假，不计入", "{days}: days off, not counted"),
    "weekends": ("周末不计入：{days}", "Weekends not counted: {days}"),
    "weekends_more": ("周末不计入：{days}等，共{count}日",
                      "Weekends not counted: {days} and more, {count} days in all"),
    "makeup": ("{day}为调休上班日，计入", "{day} is a make-up working day and counts"),
    "closure": ("{days}：{name}，不计入", "{days}: {name}, not counted"),
    "pause": ("{days}：{reason}，暂停计时，其中{count}个工作日不计入",
              "{days}: paused for {reason}, {count_words} not counted"),
    "pause_calendar": ("{days}：{reason}，暂停计时，{count}日不计入",
                       "{days}: paused for {reason}, {count_words} not counted"),
    "pause_open": ("自{day}起因{reason}暂停计时，暂停结束后重新计算截止时间",
                   "Paused since {day} for {reason}: the due date is set anew when the pause ends"),
    "pause_planned": ("预计需{count}个工作日；如按期结束，截止日为{day}",
                      "It is planned to take {count_words}; the due date would then be {day}"),
    "moved": ("第{number}日为{day}，是非工作日，顺延至下一工作日（民法典第二百零三条）",
              "Day {number} is {day}, not a working day: the limit moves to the next one (Civil Code art. 203)"),
    "hours_from": ("自{at}起按办公时间计算，每个工作日{hours}小时",
                   "Counted from {at} in office hours, {hours} hours per working day"),
    "due": ("截止：{day}（第{number}日）{time}下班时", "Due {day} (day {number}) at {time}, close of business"),
    "due_plain": ("截止：{day} {time}下班时", "Due {day} at {time}, close of business"),
    "due_hours": ("截止：{day} {time}", "Due {day} at {time}"),
    "provisional": (
        "{years}年的放假安排尚未公布，以上日期为暂定，公布后重新计算",
        "The calendar of {years} is not announced yet: this date is provisional and will be recomputed",
    ),
    "provisional_days": (
        "期间有尚未确认的日历安排，以上日期为暂定，确认后重新计算",
        "Some of these days are not confirmed yet: this date is provisional and will be recomputed",
    ),
}  # fmt: skip

UNITS = {
    "working_days": ("个工作日", "working day", "working days"),
    "calendar_days": ("日", "calendar day", "calendar days"),
    "working_hours": ("个工作小时", "working hour", "working hours"),
}


class Wording:
    """Sentences, dates and amounts in one language: zh-hans or en. Raises ValueError for any other."""

    def __init__(self, language: str) -> None:
        """Choose the language."""
        if language not in LANGUAGES:
            raise ValueError(f"The language {language!r} is not one of: {', '.join(LANGUAGES)}.")
        self.chinese = language == "zh-hans"

    def say(self, key: str, **words: object) -> str:
        """Return a sentence with its placeholders filled."""
        return SENTENCES[key][0 if self.chinese else 1].format(**words)

    def pick(self, zh: str, en: str) -> str:
        """Return the text of this language."""
        return zh if self.chinese else en

    def day(self, on: date) -> str:
        """Return a day with its weekday, such as "Tue 29 Sep 2026"."""
        if self.chinese:
            return f"{on.year}年{on.month}月{on.day}日（周{_WEEKDAYS_ZH[on.weekday()]}）"
        return f"{_WEEKDAYS_EN[on.weekday()]} {on.day} {_MONTHS_EN[on.month - 1]} {on.year}"

    def days(self, first: date, last: date) -> str:
        """Return a range of days, as short as it is clear: "1–7 Oct 2026"."""
        if first == last:
            return self.day(first)
        if self.chinese:
            year = "" if first.year == last.year else f"{last.year}年"
            month = "" if (first.year, first.month) == (last.year, last.month) else f"{last.month}月"
            end = f"{year}{month}{last.day}日"
            return f"{first.year}年{first.month}月{first.day}日至{end}"
        month, end_month = _MONTHS_EN[first.month - 1], _MONTHS_EN[last.month - 1]
        if (first.year, first.month) == (last.year, last.month):
            return f"{first.day}–{last.day} {month} {last.year}"
        begin = f"{first.day} {month}" if first.year == last.year else f"{first.day} {month} {first.year}"
        return f"{begin} – {last.day} {end_month} {last.year}"

    def amount(self, count: int, unit: str) -> str:
        """Return an amount with its unit, such as "3 working days"."""
        zh, one, many = UNITS[unit]
        return f"{count}{zh}" if self.chinese else f"{count} {one if count == 1 else many}"

    def moment(self, at: datetime) -> str:
        """Return a local time of day, such as "17:00"."""
        return f"{at:%H:%M}"

    def listed(self, items: list[str]) -> str:
        """Return items as a list."""
        return ("、" if self.chinese else ", ").join(items)
