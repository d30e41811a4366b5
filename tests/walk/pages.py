"""A page as the walk sees it: its texts by place, its links, its forms, and what is wrong with how it is built."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from lxml import html

#: Elements that stand in a line of text: what they say belongs to the block around them.
_INLINE_NAMES = "a abbr b bdi bdo cite data dfn em i ins kbd label mark q s small span strong sub sup time u var wbr"
_INLINE = frozenset(_INLINE_NAMES.split(" "))
_VERBATIM = frozenset({"script", "style", "noscript", "template", "code", "kbd", "svg"})
_SPOKEN = ("placeholder", "aria-label", "aria-description", "title", "alt", "data-confirm", "data-label")
_NAMELESS = frozenset({"hidden", "submit", "button", "reset", "image"})


@dataclass(frozen=True, kw_only=True)
class Form:
    """A form that sends something. action: path. fields: what it would send untouched. buttons: (name, value).

    texts: names of the fields one types into.
    """

    action: str
    fields: dict[str, list[str]]
    buttons: tuple[tuple[str, str], ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Page:
    """An answer of the site. address: path with its query. status: of HTTP. source: the HTML."""

    address: str
    status: int
    source: bytes
    tree: Any = field(repr=False)

    def texts(self) -> list[tuple[str, str]]:
        """Return the texts of the page joined by block, and its spoken attributes, each with its place."""
        found = [(place, " ".join(words.split())) for place, words in self._texts()]
        return [(place, words) for place, words in found if words]

    def _texts(self) -> Iterator[tuple[str, str]]:
        for body in self.tree.xpath("//body"):
            blocks: dict[Any, list[str]] = {}
            _collect(body, body, blocks)
            for block, words in blocks.items():
                yield block.tag, "".join(words)
        for element in self.tree.xpath("//*[@placeholder or @aria-label or @aria-description or @title or @alt]"):
            if not _is_verbatim(element):
                yield from ((f"@{name}", element.get(name)) for name in _SPOKEN if element.get(name))
        for element in self.tree.xpath("//title | //meta[@name='description']"):
            yield element.tag, element.get("content") or element.text_content()

    def links(self) -> list[str]:
        """Return the addresses on this site that the page links to, without their fragments."""
        found = []
        for address in self.tree.xpath("//a/@href"):
            parts = urlsplit(address)
            if parts.scheme or parts.netloc or not (parts.path or parts.query):
                continue
            path = parts.path or urlsplit(self.address).path
            found.append(f"{path}?{parts.query}" if parts.query else path)
        return list(dict.fromkeys(found))

    def forms(self) -> list[Form]:
        """Return the forms that are sent by POST."""
        return [
            _form(form, self.address) for form in self.tree.xpath("//form[translate(@method, 'POST', 'post')='post']")
        ]

    def flaws(self) -> Iterator[str]:
        """Yield what is wrong with how the page is built: headings, names of fields and buttons, ids."""
        if (count := len(self.tree.xpath("//h1"))) != 1:
            yield f"{count} h1"
        if len(self.tree.xpath("//main")) != 1:
            yield "not one main"
        twice = [name for name, count in Counter(self.tree.xpath("//@id")).items() if count > 1]
        if twice:
            yield f"ids stand twice: {twice[:3]}"
        if pictures := self.tree.xpath("//img[not(@alt)]/@src"):
            yield f"pictures without alt: {pictures[:3]}"
        yield from _nameless_fields(self.tree)
        for element in self.tree.xpath("(//a[@href] | //button)[not(@aria-hidden='true')]"):
            if not _name_of(element):
                yield f"no name: {html.tostring(element)[:120]!r}"
        ids = set(self.tree.xpath("//@id"))
        for attribute in ("aria-describedby", "aria-labelledby", "aria-controls"):
            gone = {one for words in self.tree.xpath(f"//@{attribute}") for one in words.split()} - ids
            if gone:
                yield f"{attribute} names what is not there: {sorted(gone)[:3]}"

    def icons(self) -> set[str]:
        """Return the names of the icons that the page draws."""
        return {address.partition("#")[2] for address in self.tree.xpath("//*[local-name()='use']/@href")}

    def files(self) -> list[str]:
        """Return the addresses of the style sheets, scripts, pictures and icons that the page loads by itself."""
        found = self.tree.xpath(
            "//link[@rel='stylesheet' or @rel='icon']/@href | //script/@src | //img/@src"
            " | //*[local-name()='use']/@href"
        )
        return list(dict.fromkeys(address.partition("#")[0] for address in found if not address.startswith("data:")))


def read_page(address: str, status: int, source: bytes) -> Page:
    """Parse an answer of the site."""
    tree = html.document_fromstring(source.decode("utf-8"), parser=html.HTMLParser(encoding="utf-8", huge_tree=True))
    return Page(address=address, status=status, source=source, tree=tree)


def _is_verbatim(element: Any) -> bool:
    """Whether an element says something in another language on purpose, or nothing in any language."""
    while element is not None and element.tag != "html":
        if element.tag in _VERBATIM or element.get("lang") or element.get("translate") == "no":
            return True
        if element.get("data-verbatim") is not None:
            return True
        element = element.getparent()
    return False


def _collect(element: Any, block: Any, blocks: dict[Any, list[str]]) -> None:
    """Gather the texts below an element by the block they stand in; what is verbatim leaves a gap."""
    words = blocks.setdefault(block, [])
    words.append(element.text or "")
    for child in element:
        own = isinstance(child.tag, str)
        if own and not (child.tag in _VERBATIM or child.get("lang") or child.get("data-verbatim") is not None):
            _collect(child, block if child.tag in _INLINE else child, blocks)
        words.append(" " if own and child.tag not in _INLINE else "")
        words.append(child.tail or "")


def _form(form: Any, address: str) -> Form:
    fields: dict[str, list[str]] = {}
    texts: list[str] = []
    for element in form.xpath(".//input | .//select | .//textarea"):
        name, kind = element.get("name"), (element.get("type") or "text").lower()
        if not name or element.get("disabled") is not None or kind in ("submit", "button", "image", "reset", "file"):
            continue
        if element.tag == "textarea" or (element.tag == "input" and kind not in ("hidden", "radio", "checkbox")):
            texts.append(name)
        fields.setdefault(name, []).extend(_values(element, kind))
    pressed = form.xpath(".//button[not(@type) or @type='submit'] | .//input[@type='submit']")
    buttons = tuple((one.get("name") or "", one.get("value") or "") for one in pressed) or (("", ""),)
    parts = urlsplit(form.get("action") or address)
    return Form(
        action=parts.path + (f"?{parts.query}" if parts.query else ""),
        fields={name: values for name, values in fields.items() if values},
        buttons=buttons,
        texts=tuple(dict.fromkeys(texts)),
    )


def _values(element: Any, kind: str) -> list[str]:
    if element.tag == "textarea":
        return [element.text or ""]
    if element.tag == "select":
        chosen = element.xpath(".//option[@selected]/@value") or element.xpath("(.//option)[1]/@value")
        return [str(value) for value in chosen]
    if kind in ("radio", "checkbox"):
        return [element.get("value") or "on"] if element.get("checked") is not None else []
    return [element.get("value") or ""]


def _nameless_fields(tree: Any) -> Iterator[str]:
    labelled = set(tree.xpath("//label/@for"))
    for element in tree.xpath("//input | //select | //textarea"):
        if (element.get("type") or "").lower() in _NAMELESS:
            continue
        named = element.get("id") in labelled or element.get("aria-label") or element.get("aria-labelledby")
        if not named and not element.xpath("ancestor::label"):
            yield f"a field without a label: {element.get('name')}"


def _name_of(element: Any) -> str:
    words = "".join(element.xpath(".//text()")) + "".join(element.xpath(".//img/@alt"))
    return (element.get("aria-label") or element.get("aria-labelledby") or element.get("title") or words).strip()


def query_names(address: str) -> tuple[str, ...]:
    """Return the names of what an address asks for after its question mark, in order."""
    return tuple(sorted({name for name, _value in parse_qsl(urlsplit(address).query)}))
