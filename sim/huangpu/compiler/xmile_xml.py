"""XML text -> a plain tree. No DTD, no entity of its own, nothing fetched; the only file that knows lxml.

Two slips of well-known exporters are let through, for every reader of such files does: a name with a prefix that is
declared nowhere (`isee:prefs`), and a variable without its closing tag before the next one begins.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from huangpu.compiler.source import printable
from huangpu.ir import ModelError

MAX_DEPTH = 100  # tags inside tags
MAX_NAME = 5_000  # characters of an attribute
DECLARATION = re.compile(r"\s*<\?xml\b(?P<inside>[^>]{0,200}?)\?>")
ENCODING = re.compile(r"encoding\s*=\s*[\"']([\w.: -]{1,40})[\"']")
ENTITIES = ("<!DOCTYPE", "<!ENTITY")
BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
UNCLOSED = ("stock", "flow", "aux", "gf", "module")  # tags that may miss their end


@dataclass(frozen=True, slots=True)
class Tag:
    """An element of the file. Names are local ones; what belongs to another vocabulary (`isee:`) is left out."""

    name: str
    attributes: dict[str, str]
    text: str
    children: tuple[Tag, ...]
    line: int

    def all(self, *names: str) -> Iterator[Tag]:
        return (child for child in self.children if child.name in names)

    def first(self, *names: str) -> Tag | None:
        return next(self.all(*names), None)

    def inner(self, name: str) -> str:
        """The text of a child, "" without it."""
        child = self.first(name)
        return child.text.strip() if child else ""


def read_xml(file: str, data: bytes) -> Tag:
    """The root of the tree. `ModelError` with the first thing that is wrong, and its line."""
    text = _decode(file, data)
    if not text.strip():
        raise ModelError(f"{file}: empty. Save the model as XMILE again.")
    for word in ENTITIES:
        if word in text:
            line = text.count("\n", 0, text.index(word)) + 1
            raise ModelError(
                f"{file}:{line}: {word} is not read, as it can name files and grow without end. Remove it."
            )
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_pis=True
    )
    try:
        root = etree.fromstring(text.encode("utf-8"), parser)
    except (etree.XMLSyntaxError, ValueError, UnicodeEncodeError) as error:
        raise ModelError(f"{file}: not XML ({printable(str(error))[:120]}). Save the model as XMILE again.") from None
    _refuse(file, parser, root)
    found = _tree(file, root, 1)
    if found is None:
        raise ModelError(f"{file}: the root is not <xmile>. Save the model as XMILE again.")
    return found


def _decode(file: str, data: bytes) -> str:
    """The text in the encoding that a byte order mark or the XML declaration names, else UTF-8; declaration off."""
    marked = next((name for bom, name in BOMS if data.startswith(bom)), "")
    head = data[:300].decode("latin-1")
    named = ENCODING.search(head) if DECLARATION.match(head) else None
    encoding = marked or (named[1] if named else "utf-8")
    try:
        codecs.lookup(encoding)
        text = data.decode(encoding)
    except (LookupError, ValueError) as error:
        what = "unknown encoding" if isinstance(error, LookupError) else "not text in the encoding"
        raise ModelError(f"{file}:1: {what} {printable(encoding)}. Save the model as UTF-8.") from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    found = DECLARATION.match(text)
    return "\n" * found[0].count("\n") + text[found.end() :] if found else text


def _refuse(file: str, parser: etree.XMLParser, root: etree._Element | None) -> None:
    """Raises on all that the parser complained of, but for the two slips."""
    shifted = False
    for entry in parser.error_log:
        if entry.level_name == "WARNING":
            continue
        match entry.type_name:
            case "NS_ERR_UNDEFINED_NAMESPACE":
                continue
            case "ERR_TAG_NAME_MISMATCH" if shifted or _unclosed(entry.message):
                shifted = True
                continue
            case "ERR_TAG_NOT_FINISHED" if shifted and "in tag xmile" in entry.message:
                continue
        why = printable(entry.message)[:120]
        raise ModelError(f"{file}:{entry.line}: not XML ({why}). Correct it or save the model as XMILE again.")
    if root is None:
        raise ModelError(f"{file}: not XML. Save the model as XMILE again.")


def _unclosed(message: str) -> bool:
    found = re.match(r"Opening and ending tag mismatch: (\w+) line \d+ and (\w+)", message)
    return found is not None and found[1] in UNCLOSED and found[2] == "variables"


def _tree(file: str, node: etree._Element, depth: int) -> Tag | None:
    if depth > MAX_DEPTH:
        raise ModelError(f"{file}:{node.sourceline}: more than {MAX_DEPTH} tags in one another.")
    name = _local(node)
    if name is None:
        return None
    found = [_tree(file, child, depth + 1) for child in node if isinstance(child.tag, str)]
    children = [child for child in found if child is not None]
    text = "".join([node.text or "", *(child.tail or "" for child in node)])
    if any(len(v) > MAX_NAME for v in node.attrib.values()):
        raise ModelError(f"{file}:{node.sourceline}: a name of more than {MAX_NAME} characters in <{name}>.")
    attributes = {str(k).rpartition("}")[2].rpartition(":")[2]: v for k, v in node.attrib.items()}
    return Tag(name, attributes, text, tuple(_closed(children)), node.sourceline or 0)


def _local(node: etree._Element) -> str | None:
    """The name without its namespace; None of a tag from another vocabulary."""
    space, _, local = node.tag.rpartition("}")
    if ":" in local:  # a prefix declared nowhere
        return None
    space = space.lower()
    foreign = space and ("xmile" not in space or "isee" in space)
    return None if foreign else local.lower()


def _closed(children: list[Tag]) -> Iterator[Tag]:
    """Children, each variable that stands in another one moved out of it."""
    for child in children:
        inside = [c for c in child.children if c.name in UNCLOSED and c.attributes.get("name")]
        if child.name in UNCLOSED and inside:
            kept = tuple(c for c in child.children if c not in inside)
            yield Tag(child.name, child.attributes, child.text, kept, child.line)
            yield from inside
        else:
            yield child
