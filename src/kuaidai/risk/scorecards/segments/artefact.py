"""The segmented scorecard as one JSON document: the segmentation and the cards' own documents."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from kuaidai.kernel.canonical import canonical_json, sha256_hex
from kuaidai.risk.scorecards.card import Scorecard
from kuaidai.risk.scorecards.errors import BadArtefact, BadSetting
from kuaidai.risk.scorecards.segments.card import AnyScorecard, SegmentedScorecard
from kuaidai.risk.scorecards.segments.rule import Segment, Segmentation

FAMILY = "kuaidai.segmented-scorecard/"
_VERSION = 1
SCHEMA = f"{FAMILY}{_VERSION}"


def to_json(card: SegmentedScorecard) -> str:
    """The artefact text, with the hash of its content."""
    document = {**_document(card), "version_hash": card.version_hash}
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def version_hash(card: SegmentedScorecard) -> str:
    """The hash of the content: the cards go in by their own hashes."""
    return _hash(_document(card))


def _document(card: SegmentedScorecard) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(canonical_json(asdict(card.segmentation)))
    cards = [json.loads(each.to_json()) for each in card.cards]
    return {"schema": SCHEMA, "name": card.name, "segmentation": plain, "cards": cards}


def _hash(document: dict[str, Any]) -> str:
    hashes = [each["version_hash"] for each in document["cards"]]
    return sha256_hex(canonical_json({**document, "cards": hashes}))


def from_json(text: str, *, source: str) -> SegmentedScorecard:
    """Read an artefact; raises `BadArtefact` for anything but an unaltered card of this schema."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise BadArtefact(source=source, why=f"it is not JSON ({error})") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise BadArtefact(source=source, why=_other_schema(schema))
    stated = document.pop("version_hash", None)
    try:
        card = SegmentedScorecard(
            document["name"],
            _segmentation(document["segmentation"]),
            tuple(
                Scorecard.from_json(json.dumps(each), source=f"{source}, card {number},")
                for number, each in enumerate(document["cards"], start=1)
            ),
        )
    except BadSetting as error:
        raise BadArtefact(source=source, why=str(error).rstrip(".")) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadArtefact(source=source, why=f"its content does not fit ({error!r})") from error
    if stated != _hash(document) or stated != card.version_hash:
        raise BadArtefact(source=source, why="its content does not match its version_hash")
    return card


def read_scorecard(text: str, *, source: str = "The text") -> AnyScorecard:
    """The scorecard of an artefact, segmented or not; raises `BadArtefact`."""
    return (
        from_json(text, source=source)
        if _is_segmented(text)
        else Scorecard.from_json(text, source=source)
    )


def _is_segmented(text: str) -> bool:
    """Whether a text is to be a segmented scorecard of any version."""
    try:
        document = json.loads(text)
    except ValueError:
        return False
    return isinstance(document, dict) and str(document.get("schema")).startswith(FAMILY)


def _other_schema(schema: object) -> str:
    number = str(schema).removeprefix(FAMILY)
    if str(schema).startswith(FAMILY) and number.isdecimal() and int(number) > _VERSION:
        return f"its schema {schema!r} is newer than {SCHEMA!r}; upgrade kuaidai to read it"
    return f"its schema is {schema!r}, expected {SCHEMA!r}"


def _segmentation(plain: dict[str, Any]) -> Segmentation:
    segments = tuple(
        Segment(
            name=each["name"],
            values=tuple(each["values"]),
            least=each["least"],
            below=each["below"],
            features=tuple(each["features"]),
        )
        for each in plain["segments"]
    )
    return Segmentation(plain["column"], segments, plain["unknown"])
