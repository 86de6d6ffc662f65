"""Profiles kept beside the lake: one JSON file per table, so that a page reads them without counting."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from kuaidai.data.quality.counting import NewValue
from kuaidai.data.quality.profile import ColumnProfile, Finding, Profile

VERSION = 1


@dataclass(frozen=True)
class StoredProfile:
    """A profile as it was computed at a moment, with its charts as SVG by name."""

    profile: Profile
    computed_at: datetime
    charts: Mapping[str, str]


class ProfileStore:
    """Profiles in a folder; a file is replaced in one step."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, profile: Profile, *, computed_at: datetime, charts: Mapping[str, str]) -> Path:
        """Keep the profile under its name; what was kept before goes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        content = {
            "version": VERSION,
            "computed_at": computed_at.isoformat(),
            "profile": asdict(profile),
            "charts": dict(charts),
        }
        path = self._path(profile.name)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        draft.replace(path)
        return path

    def load(self, name: str) -> StoredProfile | None:
        """The profile kept under `name`; None where there is none, or one of another version."""
        try:
            content = json.loads(self._path(name).read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        if content.get("version") != VERSION:
            return None
        return StoredProfile(
            profile_of(content["profile"]),
            datetime.fromisoformat(content["computed_at"]),
            content["charts"],
        )

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.json"


def profile_of(row: Mapping[str, Any]) -> Profile:
    """A profile from its plain form."""
    columns = tuple(
        ColumnProfile(
            **{
                **_tupled(column),
                "new_values": tuple(NewValue(**value) for value in column["new_values"]),
            }
        )
        for column in row["columns"]
    )
    findings = tuple(Finding(**found) for found in row["findings"])
    return Profile(**{**_tupled(row), "columns": columns, "findings": findings})


def _tupled(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(v) if isinstance(v, list) else v for key, v in row.items()}
