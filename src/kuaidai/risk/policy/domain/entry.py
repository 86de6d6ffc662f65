"""An entry of the model inventory for a model that is no scorecard of ours: what it is and who answers for it."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

from kuaidai.kernel.canonical import canonical_json
from kuaidai.risk.policy.domain.lifecycle import ModelKind
from kuaidai.risk.policy.errors import BadEntry

SCHEMA = "kuaidai.model-entry/1"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST_NAME = 100
_TEXTS = ("name", "owner", "purpose", "vendor", "vendor_version")


class ModelForm(StrEnum):
    """What a model on the register is made as. Only scorecards are run by the platform."""

    SCORECARD = "scorecard"
    STATISTICAL = "statistical"
    MACHINE_LEARNING = "machine_learning"
    RULES = "rules"
    EXPERT = "expert"


@dataclass(frozen=True)
class Document:
    """A document about a model, by its name and the SHA-256 of its bytes."""

    name: str
    sha256: str


@dataclass(frozen=True)
class ModelEntry:
    """A model used beside the platform's scorecards: bought, a set of rules, a limit or a warning model.

    `owner`: who in the bank answers for it, also where a `vendor` made it, for the rules on internet loans
    do not let a bank outsource the management of its models. `vendor_version` is the maker's own number.
    `validated_on` and `next_validation_on`: the last validation and when the next is due. An entry does not
    change: a new validation, or another version of the model, is registered anew.
    """

    name: str
    kind: ModelKind
    form: ModelForm
    owner: str
    purpose: str
    vendor: str = ""
    vendor_version: str = ""
    validated_on: date | None = None
    next_validation_on: date | None = None
    documents: tuple[Document, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an entry that says too little or contradicts itself; raises `BadEntry`."""
        for name in ("name", "owner", "purpose"):
            if not getattr(self, name).strip():
                raise BadEntry(source=self.name or "The entry", why=f"{name} is missing")
        if "/" in self.name or len(self.name) > _MOST_NAME:
            why = f"its name must have no / and at most {_MOST_NAME} characters"
            raise BadEntry(source=self.name, why=why)
        if self.form is ModelForm.SCORECARD:
            why = "a scorecard goes onto the register by `kuaidai scorecard publish`"
            raise BadEntry(source=self.name, why=why)
        if self.next_validation_on is not None and (
            self.validated_on is None or self.next_validation_on <= self.validated_on
        ):
            why = "next_validation_on must be after validated_on"
            raise BadEntry(source=self.name, why=why)
        for document in self.documents:
            if not document.name.strip() or not _SHA256.fullmatch(document.sha256):
                why = f"document {document.name!r} needs a name and a SHA-256"
                raise BadEntry(source=self.name, why=why)

    def validation_due(self, on: date) -> bool:
        """Whether it was never validated, or its next validation is due on `on`."""
        if self.validated_on is None:
            return True
        return self.next_validation_on is not None and self.next_validation_on <= on

    def to_json(self) -> str:
        """One canonical JSON document; `from_json` gives back an equal entry."""
        return canonical_json({"schema": SCHEMA, "entry": self}).decode()

    @staticmethod
    def from_json(text: str, *, source: str = "The text") -> ModelEntry:
        """Read what `to_json` wrote; raises `BadEntry`."""
        try:
            held = json.loads(text)
            if held["schema"] != SCHEMA:
                raise ValueError(f"its schema is {held['schema']!r}, expected {SCHEMA!r}")
            return _read(held["entry"], source)
        except (KeyError, TypeError, ValueError) as error:
            raise BadEntry(source=source, why=str(error)) from error


def read_entry(path: Path) -> ModelEntry:
    """An entry described in a TOML file; raises `BadEntry` naming what is wrong.

    `documents` names files beside it, whose bytes are fingerprinted here and now.
    """
    try:
        plain = tomllib.loads(path.read_text(encoding="utf-8"))
        names = plain.pop("documents", [])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValueError("documents must be a list of file names")
        plain["documents"] = [_fingerprinted(path.parent / name) for name in names]
        return _read(plain, str(path))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        beside = "" if error.filename == str(path) else f"{error.filename}: "
        raise BadEntry(source=path, why=f"{beside}{why}") from error
    except UnicodeDecodeError as error:
        raise BadEntry(source=path, why="it is not a text file") from error
    except tomllib.TOMLDecodeError as error:
        raise BadEntry(source=path, why=f"it is not TOML ({error})") from error
    except (TypeError, ValueError) as error:
        raise BadEntry(source=path, why=str(error)) from error


def _fingerprinted(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        return {"name": path.name, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _read(plain: Mapping[str, Any], source: str) -> ModelEntry:
    known = tuple(ModelEntry.__dataclass_fields__)
    strange = sorted(set(plain) - set(known))
    if strange:
        raise BadEntry(source=source, why=f"there is no {strange[0]}; known: {', '.join(known)}")
    texts = {name: plain.get(name, "") for name in _TEXTS}
    for name, text in texts.items():
        if not isinstance(text, str):
            raise BadEntry(source=source, why=f"{name} is {text!r}; it must be text")
    return ModelEntry(
        kind=_choice(ModelKind, plain, "kind", source),
        form=_choice(ModelForm, plain, "form", source),
        validated_on=_day(plain, "validated_on", source),
        next_validation_on=_day(plain, "next_validation_on", source),
        documents=tuple(Document(**each) for each in plain.get("documents", ())),
        **texts,
    )


def _choice(kind: Any, plain: Mapping[str, Any], name: str, source: str) -> Any:
    given = plain.get(name)
    if given not in [choice.value for choice in kind]:
        known = ", ".join(choice.value for choice in kind if choice is not ModelForm.SCORECARD)
        raise BadEntry(source=source, why=f"{name} is {given!r}; it must be one of {known}")
    return kind(given)


def _day(plain: Mapping[str, Any], name: str, source: str) -> date | None:
    given = plain.get(name)
    try:
        return date.fromisoformat(given) if isinstance(given, str) else _plain_day(given)
    except ValueError as error:
        why = f"{name} is {given!r}; write a date as 2027-01-31"
        raise BadEntry(source=source, why=why) from error


def _plain_day(given: object) -> date | None:
    if given is None or type(given) is date:
        return given
    raise ValueError
