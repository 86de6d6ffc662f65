"""The scorecard as one JSON document: schema version, content, hash; exact both ways.

`version_hash` is SHA-256 over the canonical JSON of schema and content: white space and the order of keys
do not count, any other change by hand does. Who wants other bins or points edits the binning (`editing`)
and fits again; the file is never edited. A document of an older schema is not migrated: what that schema
did not say cannot be made up, and the kuaidai that wrote it, which its provenance names, still reads it.
"""

from __future__ import annotations

import dataclasses
import json
import types
from decimal import Decimal
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

from kuaidai.kernel.canonical import canonical_json, sha256_hex
from kuaidai.risk.scorecards.card import Scorecard
from kuaidai.risk.scorecards.errors import BadArtefact, BadSetting

_FAMILY = "kuaidai.scorecard/"
_VERSION = 4
SCHEMA = f"{_FAMILY}{_VERSION}"
_CHANGED = (
    "it was changed after it was written: its content does not match its version_hash; "
    "change bins by the editing functions and fit again"
)


def to_document(card: Scorecard) -> dict[str, Any]:
    """The card's content as plain JSON values (Decimals as text)."""
    plain: dict[str, Any] = json.loads(canonical_json(dataclasses.asdict(card)))
    return {"schema": SCHEMA, "card": plain}


def to_json(card: Scorecard) -> str:
    """The artefact text, with the hash of its content."""
    document = {**to_document(card), "version_hash": card.version_hash}
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def from_json(text: str, *, source: str) -> Scorecard:
    """Read an artefact; raises `BadArtefact` for anything but an unaltered card of this schema."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise BadArtefact(source=source, why=f"it is not JSON ({error})") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise BadArtefact(source=source, why=_other_schema(document))
    try:
        found = sha256_hex(canonical_json({"schema": SCHEMA, "card": document["card"]}))
    except (KeyError, ValueError) as error:
        raise BadArtefact(source=source, why=f"its content does not fit ({error!r})") from error
    if document.get("version_hash") != found:
        raise BadArtefact(source=source, why=_CHANGED)
    try:
        card: Scorecard = decode(Scorecard, document["card"])
    except (KeyError, TypeError, ValueError, ArithmeticError, BadSetting) as error:
        raise BadArtefact(source=source, why=f"its content does not fit ({error!r})") from error
    if set(document) != {"schema", "card", "version_hash"} or card.version_hash != found:
        raise BadArtefact(source=source, why=_CHANGED)
    return card


def _other_schema(document: object) -> str:
    schema = document.get("schema") if isinstance(document, dict) else None
    number = str(schema).removeprefix(_FAMILY)
    if not str(schema).startswith(_FAMILY) or not number.isdecimal():
        return f"its schema is {schema!r}, expected {SCHEMA!r}"
    if int(number) > _VERSION:
        return f"its schema {schema!r} is newer than {SCHEMA!r}; upgrade kuaidai to read it"
    return (
        f"its schema {schema!r} is older than {SCHEMA!r}; fit the card again, or read it with the "
        f"kuaidai that wrote it ({_writer(document)})"
    )


def _writer(document: Any) -> str:
    """The version of kuaidai that an older document names, if it names one."""
    try:
        return str(dict(document["card"]["provenance"]["libraries"])["kuaidai"])
    except (KeyError, TypeError, ValueError):
        return "it does not say which"


def decode(kind: Any, value: Any) -> Any:
    """A value of `kind` (nested dataclasses, tuples, enums, …) from its plain JSON form.

    Raises `KeyError`, `TypeError`, `ValueError` or `ArithmeticError` for anything that does not fit.
    """
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        return decode(next(k for k in get_args(kind) if k is not type(None)), value)
    if origin is tuple:
        inner = get_args(kind)
        if len(inner) == 2 and inner[1] is Ellipsis:
            return tuple(decode(inner[0], item) for item in value)
        return tuple(decode(k, item) for k, item in zip(inner, value, strict=True))
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        fields = {field.name for field in dataclasses.fields(kind)}
        if set(value) != fields:
            raise ValueError(f"{kind.__name__} has fields {sorted(set(value) ^ fields)} amiss")
        return kind(**{name: decode(hints[name], value[name]) for name in fields})
    if isinstance(kind, type) and issubclass(kind, Enum | Decimal):
        return kind(value)
    if kind in (float, int) and not isinstance(value, bool | str):
        return kind(value)
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is not {kind.__name__}")
    return value
