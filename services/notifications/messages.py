"""The words of every notice: read from `data/messages.yaml`, checked, and filled in. No Django here.

Texts are filled by `str.format_map` with the fixed placeholders of their kind: no template engine, no attribute
access, no nesting. Values become one line each, so that none can add a header to a mail.
"""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

SOURCE = Path(__file__).parent / "data" / "messages.yaml"
LANGUAGES = ("zh", "en")
CHANNELS = ("inbox", "email", "sms")
GROUPS = ("progress", "limits", "tasks")
SUBJECT_LENGTH, SMS_LENGTH, VALUE_LENGTH = 120, 300, 500
_DIRECTION_MARKS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_DAYS = {
    "zh": ["周一", "周二", "周三", "周四", "周五", "周六", "周日"],
    "en": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
}


class MessageError(Exception):
    """The message file contradicts itself, or a value a text needs is missing. The message says what and where."""


@dataclass(frozen=True)
class Message:
    """A text in one language. `sms` is empty for kinds that are not sent by text message."""

    subject: str
    body: str
    sms: str = ""


@dataclass(frozen=True)
class MessageKind:
    """One kind of notice: its channels, the names its texts may use, its texts by language ("zh", "en").

    group: what its reader may switch channels off for. urgent: waits for no quiet hours and no digest.
    service: it serves a paper, so that its e-mail cannot be switched off.
    asker: who asked for it sees when it fails and sends it again herself; the managers are not troubled.
    """

    name: str
    channels: tuple[str, ...]
    placeholders: tuple[str, ...]
    texts: Mapping[str, Message]
    group: str = "progress"
    urgent: bool = False
    service: bool = False
    asker: bool = False


@dataclass(frozen=True)
class Frame:
    """What stands around every mail in one language."""

    site: str
    open: str
    footer: str


@dataclass(frozen=True)
class MessageBook:
    """The whole file. `types` tells how a placeholder is written: "text" or "date"."""

    types: Mapping[str, str]
    kinds: Mapping[str, MessageKind]
    frames: Mapping[str, Frame]


def read_messages(text: str) -> MessageBook:
    """Read a message file.

    Raises:
        MessageError: a text in one language is missing, uses a placeholder its kind does not name, or leaves one out.
    """
    raw = yaml.safe_load(text)
    types = dict(raw["placeholders"])
    if wrong := {name for name, kind in types.items() if kind not in ("text", "date")}:
        raise MessageError(f"Placeholders {sorted(wrong)} have an unknown type.")
    kinds = {name: _read_kind(name, entry, types) for name, entry in raw["kinds"].items()}
    return MessageBook(types, kinds, {language: Frame(**raw["frame"][language]) for language in LANGUAGES})


def _read_kind(name: str, entry: Mapping[str, Any], types: Mapping[str, str]) -> MessageKind:
    channels, placeholders = tuple(entry["channels"]), tuple(entry["placeholders"])
    if not channels or set(channels) - set(CHANNELS):
        raise MessageError(f"{name}: channels must be among {', '.join(CHANNELS)}.")
    if unknown := set(placeholders) - set(types):
        raise MessageError(f"{name}: unknown placeholders {sorted(unknown)}.")
    group = entry.get("group", "progress")
    if group not in GROUPS:
        raise MessageError(f"{name}: the group must be one of {', '.join(GROUPS)}.")
    for language in LANGUAGES:
        if language not in entry:
            raise MessageError(f"{name}: no text in {language}.")
        _check_text(f"{name}.{language}", entry[language], placeholders, with_sms="sms" in channels)
    texts = {key: _message(entry[key]) for key in LANGUAGES}
    marks = {mark: bool(entry.get(mark)) for mark in ("urgent", "service", "asker")}
    return MessageKind(name, channels, placeholders, texts, group, **marks)


def _message(parts: Mapping[str, str]) -> Message:
    return Message(parts["subject"].strip(), parts["body"].strip(), parts.get("sms", "").strip())


def _check_text(where: str, parts: Mapping[str, str], placeholders: tuple[str, ...], *, with_sms: bool) -> None:
    expected = {"subject", "body", "sms"} if with_sms else {"subject", "body"}
    if set(parts) != expected:
        raise MessageError(f"{where}: must have exactly {', '.join(sorted(expected))}.")
    if "\n" in parts["subject"].strip() or "\n" in parts.get("sms", "").strip():
        raise MessageError(f"{where}: subject and sms are one line each.")
    used = set().union(*(_names_in(where, part) for part in parts.values()))
    if used != set(placeholders):
        raise MessageError(f"{where}: uses {sorted(used)} but the kind names {sorted(placeholders)}.")


def _names_in(where: str, text: str) -> set[str]:
    names = set()
    for _literal, name, form, conversion in string.Formatter().parse(text):
        if name is None:
            continue
        if not name.isidentifier() or form or conversion:
            raise MessageError(f"{where}: {{{name}}} is not a plain placeholder.")
        names.add(name)
    return names


@cache
def message_book() -> MessageBook:
    """Return the project's messages."""
    return read_messages(SOURCE.read_text(encoding="utf-8"))


@cache
def kinds_of_askers() -> tuple[str, ...]:
    """Return the kinds of which whoever asked for a message sees herself that it failed."""
    return tuple(name for name, kind in message_book().kinds.items() if kind.asker)


def message_kind(name: str) -> MessageKind:
    """Return one kind. Raises MessageError if the file does not have it."""
    try:
        return message_book().kinds[name]
    except KeyError:
        raise MessageError(f"There is no kind of message called {name}.") from None


def frame_for(language: str) -> Frame:
    """Return what stands around a mail in a language code such as "zh-hans"."""
    return message_book().frames[text_language(language)]


def text_language(language: str) -> str:
    """Return "zh" or "en" for a language code such as "zh-hans" or "en-gb"; Chinese for any other."""
    return "en" if language.lower().startswith("en") else "zh"


def needed_params(kind: str, params: Mapping[str, str]) -> dict[str, str]:
    """Return the values the kind's texts need, each on one line.

    A placeholder is met by its own name or by both `name_zh` and `name_en`.

    Raises:
        MessageError: the kind is unknown, a value is missing or empty, or a date is not an ISO date.
    """
    needed: dict[str, str] = {}
    for name in message_kind(kind).placeholders:
        keys = [name] if params.get(name) else [f"{name}_{language}" for language in LANGUAGES]
        for key in keys:
            if not (value := _one_line(params.get(key, ""))):
                raise MessageError(f"{kind}: no value for {key}.")
            needed[key] = value
        if message_book().types[name] == "date":
            _parse_date(kind, name, needed.get(name, ""))
    return needed


def _one_line(value: str) -> str:
    if value.isprintable():  # nearly always
        return " ".join(value.split())[:VALUE_LENGTH]
    shown = "".join(" " if unicodedata.category(mark) in ("Cc", "Cs", "Zl", "Zp") else mark for mark in value)
    shown = "".join(mark for mark in shown if mark not in _DIRECTION_MARKS)
    return " ".join(shown.split())[:VALUE_LENGTH]


def _parse_date(kind: str, name: str, value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise MessageError(f"{kind}: {name} must be an ISO date.") from None


def render(kind: str, params: Mapping[str, str], language: str) -> Message:
    """Fill in a kind's text.

    params: as `needed_params` returned them. language: a code such as "zh-hans" or "en".
    Raises MessageError as `needed_params` does.
    """
    chosen, entry = text_language(language), message_kind(kind)
    params = needed_params(kind, params)
    values = {name: _shown(kind, name, params, chosen) for name in entry.placeholders}
    text = entry.texts[chosen]
    return Message(
        text.subject.format_map(values)[:SUBJECT_LENGTH],
        text.body.format_map(values),
        text.sms.format_map(values)[:SMS_LENGTH],
    )


def _shown(kind: str, name: str, params: Mapping[str, str], language: str) -> str:
    value = params.get(name) or params[f"{name}_{language}"]
    if message_book().types[name] != "date":
        return value
    day = _parse_date(kind, name, value)
    weekday = _DAYS[language][day.weekday()]
    if language == "zh":
        return f"{day.year}年{day.month}月{day.day}日（{weekday}）"
    return f"{weekday} {day.day} {_MONTHS[day.month - 1]} {day.year}"
