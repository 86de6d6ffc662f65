"""Statements of invented accounts, in both formats and in every version."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parent / "samples"
CAMT = SAMPLES / "invented_camt053.xml"
MT940 = SAMPLES / "invented.mt940"


def camt_in(version: str) -> str:
    """The invented statement in another version: older ones name statuses and parties in another way,
    and some ask for the amount of every part."""
    text = CAMT.read_text(encoding="utf-8").replace("camt.053.001.08", f"camt.053.001.{version}")
    if version < "08":
        text = text.replace("<Sts><Cd>", "<Sts>").replace("</Cd></Sts>", "</Sts>")
        text = text.replace("<Pty>", "").replace("</Pty>", "")
    if version in ("04", "06"):
        for amount, mark in (
            ("12000", "CRDT"),
            ("8000", "DBIT"),
            ("1000", "DBIT"),
            ("2000", "DBIT"),
        ):
            own = f'<Amt Ccy="CNY">{amount}.00</Amt><CdtDbtInd>{mark}</CdtDbtInd>'
            text = text.replace("</Refs>\n", f"</Refs>{own}\n", 1)
    return text


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a statement file and return its path."""

    def to_file(content: str | bytes, name: str = "statement.xml") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return to_file


def mt940_of(
    *lines: str, opening: str = "C260630CNY100,00", closing: str = "C260701CNY100,00"
) -> str:
    """A statement of an invented account with these lines between its balances."""
    first = (":20:INVENTED", ":25:INVENTED-ACCOUNT-0009", ":28C:1/1", f":60F:{opening}")
    return "\n".join((*first, *lines, f":62F:{closing}", "-", ""))
