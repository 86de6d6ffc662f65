"""Reading of statement files: which format, which encoding, how large at most."""

from __future__ import annotations

from pathlib import Path

from kuaidai.data.lake.bank_statements.camt import read_camt
from kuaidai.data.lake.bank_statements.errors import StatementUnreadable
from kuaidai.data.lake.bank_statements.model import Statement, joined_pages
from kuaidai.data.lake.bank_statements.mt940 import read_mt940

MOST_CAMT_BYTES = 256 << 20
"""A camt.053 file above this size is refused."""
MOST_MT940_BYTES = 32 << 20
"""An MT940 file above this size is refused: the whole of it is held in memory."""
_ENDINGS = (".xml", ".sta", ".mt940", ".940", ".txt")


def is_statement_file(path: Path) -> bool:
    """Whether a file counts as a bank statement by its ending; its content then says which format."""
    return path.suffix.lower() in _ENDINGS and not path.is_dir()


def read_statements(path: Path) -> tuple[Statement, ...]:
    """The statements in a camt.053 or MT940 file, their pages joined.

    MT940 is read as UTF-8, else as GB18030, else as Latin-1; XML as it declares. Raises
    `StatementUnreadable`, `StatementAgainstSchema`, `SchemasMissing`.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(512)
            stream.seek(0)
            if _is_xml(head):
                _require_size(path, MOST_CAMT_BYTES)
                return joined_pages(read_camt(stream, path.name))
            _require_size(path, MOST_MT940_BYTES)
            return joined_pages(read_mt940(_text(stream.read(), path.name), path.name))
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise StatementUnreadable(value=path.name, why=why) from None


def _is_xml(head: bytes) -> bool:
    bare = head.replace(b"\0", b"").removeprefix(b"\xef\xbb\xbf").lstrip(b"\xff\xfe \t\r\n")
    return bare.startswith(b"<")


def _require_size(path: Path, most: int) -> None:
    size = path.stat().st_size
    if size > most:
        why = f"it has {size / 2**20:,.1f} MiB and may have {most >> 20}; split it by period"
        raise StatementUnreadable(value=path.name, why=why)


def _text(data: bytes, name: str) -> str:
    if b"\0" in data:
        raise StatementUnreadable(value=name, why="it is not text")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")
