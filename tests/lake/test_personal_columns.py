"""Personal columns: a keyed hash in the lake, nothing in quarantine, nothing in messages."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.rows import csv_text, row_of, write_csv

from kuaidai.data.lake import Lake
from kuaidai.data.lake.errors import FileUnreadable

NAME, RESIDENT_ID, PHONE = "测试甲", "11010119900307109X", "13800138000"
OWNER = {"name": NAME, "resident_id": RESIDENT_ID, "phone": PHONE}


def _everything_under(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


def test_the_lake_holds_a_keyed_hash(tmp_path: Path, inbox: Path) -> None:
    write_csv(inbox / "owners.csv", [row_of("owners", **OWNER)])
    stored = []
    for key in (b"one", b"one", b"two"):
        lake = Lake(tmp_path / f"lake-{len(stored)}", personal_key=key)
        lake.ingest(inbox)
        [row] = lake.arrow("owners").to_pylist()
        stored.append({name: row[name] for name in OWNER})
    assert stored[0] == stored[1]
    assert all(stored[0][name] != stored[2][name] for name in OWNER)
    assert all(len(value) == 64 for value in stored[0].values())
    assert len(set(stored[0].values())) == 3


def test_no_file_of_the_lake_holds_the_clear_value(lake: Lake, inbox: Path) -> None:
    good = row_of("owners", **OWNER)
    bad = row_of("owners", person_id="P2", share="2", **OWNER)
    worse = row_of("owners", person_id="P3", **{**OWNER, "phone": ""})
    lake.ingest(write_csv(inbox / "owners.csv", [good, bad, worse, good]))
    found = lake.quarantine("owners")
    assert [row["column"] for row in found] == ["share", "phone", "uscc, person_id"]
    everything = _everything_under(lake.root) + repr(found).encode()
    assert not any(value.encode() in everything for value in OWNER.values())


def test_a_refusal_of_a_broken_line_does_not_quote_it(lake: Lake, inbox: Path) -> None:
    text = csv_text([row_of("owners", **OWNER)]).rstrip("\n") + ",one more\n"
    (inbox / "owners.csv").write_text(text, encoding="utf-8")
    with pytest.raises(FileUnreadable) as refused:
        lake.ingest(inbox)
    message = refused.value.text("en")
    assert "line 2 has 11 cells where the header has 10" in message
    assert not any(value in message for value in OWNER.values())
