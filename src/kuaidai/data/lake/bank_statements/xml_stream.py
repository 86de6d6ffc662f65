"""ISO 20022 messages as a stream of finished elements, checked against the official schema on the way.

Memory does not grow with the file: whoever takes an element clears it. A document type declaration
is refused before anything that it declares could be expanded, and nothing outside the file is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distribution
from typing import BinaryIO

from lxml import etree

from kuaidai.data.lake.bank_statements.errors import (
    SchemasMissing,
    StatementAgainstSchema,
    StatementUnreadable,
)

_ROOT = re.compile(r"\{urn:iso:std:iso:20022:tech:xsd:(camt\.\d{3}\.001\.\d{2})\}Document")
_CHUNK = 1 << 16
_NO_SUBSTITUTION = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}


@lru_cache
def schema_of(version: str) -> etree.XMLSchema:
    """The official schema of a version such as `camt.053.001.02`.

    Raises `LookupError` where the schemas are not installed or hold no such version.
    """
    try:
        package = distribution("camt053")
    except PackageNotFoundError:
        raise LookupError("camt053") from None
    path = package.locate_file(f"camt053/xsd/{version}.xsd")
    try:
        return etree.XMLSchema(etree.parse(str(path)))
    except OSError:
        raise LookupError(version) from None


def finished_elements(
    stream: BinaryIO, name: str, message: str, kinds: Sequence[str]
) -> Iterator[etree._Element]:
    """Each element of these kinds as its end tag is read; `message` is such as `camt.053`.

    `name` is what refusals call the file. Raises `StatementUnreadable`, `StatementAgainstSchema`,
    `SchemasMissing`.
    """
    version = _version(stream, name, message)
    stream.seek(0)
    # A validating lxml parser that is fed passes over XML that is not well formed, so another one,
    # which builds nothing, reads every line first.
    strict = etree.XMLParser(target=_Nothing(), **_NO_SUBSTITUTION)
    schema, tags = _schema(version, name), [f"{{*}}{kind}" for kind in kinds]
    checked = etree.XMLPullParser(("end",), tag=tags, schema=schema, **_NO_SUBSTITUTION)
    for line in _fed((strict, checked), stream, name):
        if checked.feed_error_log:
            why = _broken_rule(checked.feed_error_log[0])
            raise StatementAgainstSchema(value=name, version=version, line=line, why=why)
        for _, element in checked.read_events():
            yield element


class _Nothing:
    """A parser's target that keeps nothing."""

    def close(self) -> None:
        """The document ended."""


def _version(stream: BinaryIO, name: str, message: str) -> str:
    """The version that the root element's namespace names."""
    parser = etree.XMLPullParser(("start",), **_NO_SUBSTITUTION)
    for _ in _fed((parser,), stream, name):
        for _, root in parser.read_events():
            if root.getroottree().docinfo.internalDTD is not None:
                raise _declares_entities(name)
            found = _ROOT.fullmatch(root.tag)
            if found is None:
                raise StatementUnreadable(value=name, why="it is XML, but no ISO 20022 message")
            if not found[1].startswith(f"{message}."):
                why = f"it is a {found[1]} message; only {message}, the statement with its balances, is read"
                raise StatementUnreadable(value=name, why=why)
            return found[1]
    raise StatementUnreadable(value=name, why="it holds no element")


def _schema(version: str, name: str) -> etree.XMLSchema:
    try:
        return schema_of(version)
    except LookupError as missing:
        if str(missing.args[0]) == version:
            why = f"there is no schema of {version}"
            raise StatementUnreadable(value=name, why=why) from None
        raise SchemasMissing(value=name) from None


def _fed(parsers: Sequence[etree.XMLParser], stream: BinaryIO, name: str) -> Iterator[int]:
    """Feed the stream line by line, to each parser in turn; the number of each line after it went in."""
    line, prolog, ended = 1, True, False
    try:
        while chunk := stream.readline(_CHUNK):
            if prolog and b"<!DOCTYPE" in chunk.replace(b"\0", b""):  # also in UTF-16
                raise _declares_entities(name)
            for parser in parsers:
                parser.feed(chunk)
            yield line
            prolog = prolog and b"<Document" not in chunk
            line += chunk.endswith(b"\n")
        ended = True
        for parser in parsers:
            parser.close()
        yield line
    except etree.XMLSyntaxError as error:
        at = error.lineno or line
        why = "the XML breaks off" if ended else _malformed(error)
        raise StatementUnreadable(value=name, why=f"{why} at line {at}") from None


def _declares_entities(name: str) -> StatementUnreadable:
    why = "it declares a document type (<!DOCTYPE>), which no bank statement needs"
    return StatementUnreadable(value=name, why=why)


def _malformed(error: etree.XMLSyntaxError) -> str:
    """What is wrong with the XML, without the text that the parser quotes."""
    last = error.error_log.last_error
    kind = last.type_name if last is not None else "ERR_DOCUMENT_END"
    if kind.endswith("_ENCODING") or kind == "ERR_INVALID_CHAR":
        return "its characters are not in the encoding that it declares"
    return f"the XML is not well formed ({kind.removeprefix('ERR_').lower().replace('_', ' ')})"


def _broken_rule(entry: etree._LogEntry) -> str:
    """What breaks the schema, without the value that breaks it."""
    message = re.sub(r"\{[^}]*\}", "", entry.message)
    element = re.match(r"Element '([^']{1,60})'", message)
    where = element[1] if element else "an element"
    if entry.type_name == "SCHEMAV_ELEMENT_CONTENT":
        expected = re.search(r"Expected is (?:one of )?\( ([\w, ]{1,300}) \)", message)
        wanted = f"; expected: {expected[1]}" if expected else ""
        kind = "lacks an element" if "Missing child" in message else "is not expected here"
        return f"{where} {kind}{wanted}"
    rule = re.search(r"\[facet '(\w+)'\]", message)
    return f"the text of {where} breaks its rule ({rule[1] if rule else 'type'})"
