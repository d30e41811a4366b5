"""Translations: merge the parts' Chinese into one catalogue, compile it, and find text that was never translated.

English is the source language: a message id *is* the English text. Each part of the project keeps its Chinese in
`locale/parts/<part>.zh_Hans.po`, so that two people never edit the same file.
"""

from __future__ import annotations

import ast
import fcntl
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po, write_po
from django.utils.translation.template import templatize

CHINESE, ENGLISH = "zh_Hans", "en"
MARKS = "⟦", "⟧"
CODE_FOLDERS = ("portal", "services", "workflows")
# function -> which arguments are (context, singular, plural); None where there is none
_CALLS: dict[str, tuple[int | None, int, int | None]] = {
    "_": (None, 0, None),
    "gettext": (None, 0, None),
    "gettext_lazy": (None, 0, None),
    "gettext_noop": (None, 0, None),
    "ngettext": (None, 0, 1),
    "ngettext_lazy": (None, 0, 1),
    "pgettext": (0, 1, None),
    "pgettext_lazy": (0, 1, None),
    "npgettext": (0, 1, 2),
    "npgettext_lazy": (0, 1, 2),
}
_LINE = re.compile(r'|#.*|(?:(?:msgctxt|msgid|msgid_plural|msgstr(?:\[\d\])?)\s+)?"(?:[^"\\]|\\.)*"')
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")
# What `templatize` leaves of a template: calls with Python string literals amid replaced text.
_CALL_IN_TEMPLATE = re.compile(
    r"\b(?P<name>_|n?p?gettext)\((?P<args>(?:\s*u?(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")\s*,?)+)"
)


class CatalogueError(Exception):
    """The parts cannot be merged. The message names the files and what to do."""


@dataclass(frozen=True, order=True)
class Text:
    """A text that code or a template shows. plural and context are "" where there is none."""

    english: str
    plural: str = ""
    context: str = ""

    @property
    def message_id(self) -> str | tuple[str, str]:
        """Return it as gettext names it."""
        return (self.english, self.plural) if self.plural else self.english


def merge_parts(folder: Path) -> Catalog:
    """Return one Chinese catalogue of all `*.zh_Hans.po` in `folder`.

    Raises CatalogueError when two parts translate the same text differently, or an entry is broken.
    """
    merged = Catalog(locale=CHINESE, project="One-Stop", charset="utf-8")
    origin: dict[object, Path] = {}
    for path in sorted(folder.glob(f"*.{CHINESE}.po")):
        for message in _messages(path):
            key = (message.context, message.id)
            known = merged.get(message.id, context=message.context)
            if known is not None and known.string != message.string:
                raise CatalogueError(
                    f"{origin[key].name} and {path.name} translate {message.id!r} differently:"
                    f" {known.string!r} and {message.string!r}. Agree on one."
                )
            origin.setdefault(key, path)
            merged.add(message.id, message.string, context=message.context, flags=message.flags)
    return merged


def _messages(path: Path) -> Iterator[Message]:
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not _LINE.fullmatch(line.strip()):
            raise CatalogueError(f"{path.name} is not a valid .po file: line {number} is {line!r}.")
    with path.open("rb") as source:
        try:
            catalogue = read_po(source, locale=CHINESE, abort_invalid=True)
        except (PoFileError, ValueError) as error:
            raise CatalogueError(f"{path.name} is not a valid .po file: {error}") from error
    for message in catalogue:
        if message.id and message.string and any(message.string):
            _check_placeholders(message, path)
            yield message


def _check_placeholders(message: Message, path: Path) -> None:
    """Refuse a translation that would lose a value or fail when the page fills it in."""
    forms = message.id if isinstance(message.id, tuple) else (message.id,)
    allowed = {name for form in forms for name in _PLACEHOLDER.findall(form)}
    for string in message.string if isinstance(message.string, tuple) else (message.string,):
        if set(_PLACEHOLDER.findall(string)) != allowed:
            raise CatalogueError(f"{path.name}: {forms[0]!r} must keep {sorted(allowed)}, the Chinese has {string!r}.")


def texts_in_python(source: str) -> Iterator[Text]:
    """Yield what Python code marks for translation."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            found = _text_of_call(name, node.args)
            if found:
                yield found


def texts_in_template(source: str) -> Iterator[Text]:
    """Yield what a Django template marks for translation."""
    for match in _CALL_IN_TEMPLATE.finditer(templatize(source)):
        arguments = ast.parse(f"f({match['args'].rstrip().rstrip(',')})", mode="eval").body
        assert isinstance(arguments, ast.Call)
        found = _text_of_call(match["name"], arguments.args)
        if found:
            yield found


def _text_of_call(name: str, arguments: list[ast.expr]) -> Text | None:
    if name not in _CALLS:
        return None
    values = [_constant(argument) for argument in arguments]
    picked = ["" if at is None else values[at] if at < len(values) else None for at in _CALLS[name]]
    context, english, plural = picked
    return None if context is None or not english or plural is None else Text(english, plural, context)


def _constant(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def texts_of_project(root: Path) -> dict[Text, Path]:
    """Return every text the project shows, with one file that shows it."""
    found: dict[Text, Path] = {}
    for folder in CODE_FOLDERS:
        for path in sorted((root / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                found |= {text: path for text in texts_in_python(path.read_text()) if text not in found}
    for folder in ("templates", *CODE_FOLDERS):
        for path in sorted((root / folder).rglob("*.html")) + sorted((root / folder).rglob("*.txt")):
            if folder == "templates" or "templates" in path.parts:
                found |= {text: path for text in texts_in_template(path.read_text()) if text not in found}
    return found


def untranslated(root: Path) -> dict[Text, Path]:
    """Return the texts of the project that have no Chinese in our parts."""
    merged = merge_parts(root / "locale" / "parts")
    return {
        text: path
        for text, path in texts_of_project(root).items()
        if merged.get(text.message_id, context=text.context or None) is None
    }


def compile_catalogues(root: Path, target: Path, *, marked: bool = False) -> int:
    """Write the Chinese and the English catalogue into `target`; return the number of Chinese texts.

    marked: wrap every translation in ⟦…⟧, for tests that look for text which was never translated.
    """
    chinese = merge_parts(root / "locale" / "parts")
    _write(_copy(CHINESE, (message for message in chinese if message.id), marked=marked), target)
    _write(_copy(ENGLISH, _english(root, chinese), marked=marked), target)
    return len(chinese)


def _english(root: Path, chinese: Catalog) -> Iterator[Message]:
    known = {(message.context or "", message.id): message for message in chinese if message.id}
    for text in texts_of_project(root):
        known.setdefault((text.context, text.message_id), Message(text.message_id, context=text.context or None))
    for message in known.values():
        yield Message(message.id, message.id, flags=message.flags, context=message.context)


def _copy(locale: str, messages: Iterable[Message], *, marked: bool) -> Catalog:
    copy = Catalog(locale=locale, project="One-Stop", charset="utf-8", fuzzy=False)
    for message in messages:
        string = _mark(message.string) if marked else message.string
        copy.add(message.id, string, context=message.context, flags=message.flags)
    return copy


def _mark(string: str | tuple[str, ...]) -> str | tuple[str, ...]:
    before, after = MARKS
    if isinstance(string, str):
        return f"{before}{string}{after}"
    return tuple(f"{before}{form}{after}" for form in string)


def _write(catalogue: Catalog, target: Path) -> None:
    folder = target / str(catalogue.locale) / "LC_MESSAGES"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "django.po").open("wb") as out:
        write_po(out, catalogue, sort_output=True, omit_header=False, no_location=True, width=0)
    compiled = folder / "django.mo.new"
    with compiled.open("wb") as out:
        write_mo(out, catalogue)
    compiled.rename(folder / "django.mo")  # at once, as a running site may be reading it


def compile_if_stale(root: Path) -> bool:
    """Compile into `root/locale` when a part is newer than what was compiled; safe when several do so at once."""
    parts = sorted((root / "locale" / "parts").glob("*.po"))
    compiled = root / "locale" / CHINESE / "LC_MESSAGES" / "django.mo"
    (root / "var").mkdir(exist_ok=True)
    with (root / "var" / "catalogues.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if compiled.exists() and all(part.stat().st_mtime <= compiled.stat().st_mtime for part in parts):
            return False
        compile_catalogues(root, root / "locale")
        return True
