"""`manage.py explain_case NUMBER [--lang zh|en] [--at INSTANT]`: every limit of a case and its application, explained.

Unlike `explain_deadline` it reads the database: pauses, extensions, thresholds and who spent the time are facts.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from services.cases.models import Case
from services.cases.queries.explanation import Explanation, explain_case, wording_for
from workflows.clocks.wording import LANGUAGES
from workflows.queries.calendars import calendar_for, database_now


class Command(BaseCommand):
    """Explain a case's time."""

    help = "Explain every limit of a case and of its application: why each date, what followed, who spent the time."

    def add_arguments(self, parser: CommandParser) -> None:
        """Say which words the command takes."""
        parser.add_argument("case", help="the number of a case, such as YJS-20260302-00001-01")
        parser.add_argument("--lang", default="zh-hans", help="language of the lines: zh-hans or en")
        parser.add_argument("--at", help="as of this local instant, e.g. 2026-03-09T10:00; now by default")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the explanation; an unknown case, language or instant is an error in one sentence."""
        language, at = _language(options["lang"]), _instant(options["at"])
        related = ("application__bundle", "application__service", "service__item", "department")
        case = Case.objects.select_related(*related).filter(number=options["case"].strip()).first()
        if case is None:
            raise CommandError(f"There is no case with the number {options['case']}.")
        words = wording_for(language)
        self.stdout.write(words.tell("as_of", at=words.instant(at)))
        for one in explain_case(case, language=language, at=at):
            self._write(one, words.tell("no_clock"), words.tell("planned"))

    def _write(self, one: Explanation, no_clock: str, planned: str) -> None:
        self.stdout.write(f"\n{one.title}")
        if not one.clocks:
            self.stdout.write(f"  {no_clock}")
        for explained in one.clocks:
            self.stdout.write(f"  {explained.title}")
            for line in explained.lines:
                self.stdout.write(f"    {line}")
        self.stdout.write(f"  {one.spent.title if one.spent else planned}")
        for share in one.spent.lines if one.spent else ():
            self.stdout.write(f"    {share.who}: {share.amount} ({share.percent:.0f} %)")


def _language(text: str) -> str:
    for language in LANGUAGES:
        if text.lower().replace("_", "-") in (language, language.split("-")[0]):
            return language
    raise CommandError(f"--lang {text} is not known; it is one of: {', '.join(LANGUAGES)}.")


def _instant(text: str | None) -> datetime:
    if text is None:
        return database_now()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text} is not an instant such as 2026-03-09T10:00.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=calendar_for().zone)
