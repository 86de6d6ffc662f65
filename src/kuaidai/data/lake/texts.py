"""CSV files: read once for digest and encoding, then streamed into Parquet with every cell as text.

Memory does not grow with the file: bytes and rows go through in blocks.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from kuaidai.data.lake.errors import FileUnreadable, LakeNotWritable, WrongDelimiter

_BLOCK = 4 << 20
_DELIMITERS = {";": "';'", "\t": "tabs", "|": "'|'", "，": "the full-width '，'", ",": "','"}
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def digest(file: Path) -> str:
    """The digest that identifies a file's content. Raises `FileUnreadable`."""
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise FileUnreadable(value=file.name, why=error.strerror or str(error)) from None


def encoding_of(file: Path) -> str:
    """`utf-8` if the whole file is (a BOM or not), else `gb18030` if it is that.

    Raises `FileUnreadable` for anything else, and for NUL bytes, which no text holds.
    """
    tries = {name: codecs.getincrementaldecoder(name)() for name in ("utf-8", "gb18030")}
    place = 0
    with file.open("rb") as stream:
        while True:
            block = stream.read(_BLOCK)
            _require_text(file, block, place)
            for name in tuple(tries):
                try:
                    tries[name].decode(block, final=not block)
                except UnicodeDecodeError:
                    del tries[name]
            if not tries:
                raise FileUnreadable(value=file.name, why="it is neither UTF-8 nor GB18030")
            if not block:
                return next(iter(tries))
            place += len(block)


def _require_text(file: Path, block: bytes, place: int) -> None:
    if place == 0 and block.startswith(_UTF_16):
        why = "it is UTF-16; save it as UTF-8 or GB18030"
        raise FileUnreadable(value=file.name, why=why)
    at = block.find(b"\0")
    if at >= 0:
        why = f"byte {place + at + 1} is NUL, which no text holds; it is damaged or not a CSV file"
        raise FileUnreadable(value=file.name, why=why)


def header_of(file: Path, encoding: str, delimiter: str) -> tuple[list[str], int]:
    """The names in the header and how many lines it takes up. Raises `FileUnreadable`."""
    with file.open(encoding=_with_bom(encoding), newline="") as text:
        rows = csv.reader(text, delimiter=delimiter)
        try:
            names = [name.strip() for name in next(rows, [])]
        except csv.Error as error:
            raise FileUnreadable(value=file.name, why=str(error)) from None
        if not any(names):
            raise FileUnreadable(value=file.name, why="it is empty: there is no header")
        return names, rows.line_num


def require_delimiter(file: Path, names: list[str], delimiter: str) -> None:
    """Raises `WrongDelimiter` where a header of one cell is plainly separated by something else."""
    if len(names) > 1:
        return
    counts = {sign: names[0].count(sign) for sign in _DELIMITERS if sign != delimiter}
    found = max(counts, key=lambda sign: counts[sign])
    if counts[found]:
        wanted = _DELIMITERS.get(delimiter, repr(delimiter))
        raise WrongDelimiter(value=file.name, found=_DELIMITERS[found], wanted=wanted)


def write_texts(
    file: Path, target: Path, *, delimiter: str = ",", advance: Callable[[int], None] | None = None
) -> None:
    """Write a CSV file's cells to `target` as Parquet, all text; `advance` is told bytes read.

    Raises `FileUnreadable` (with the number of the first line that has too many or too few cells),
    `WrongDelimiter`, `LakeNotWritable`. No message holds a cell of the file.
    """
    encoding = encoding_of(file)
    names, lines = header_of(file, encoding, delimiter)
    require_delimiter(file, names, delimiter)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        why = f"column {', '.join(map(repr, twice))} stands more than once in the header"
        raise FileUnreadable(value=file.name, why=why)
    schema = pa.schema([(name, pa.string()) for name in names])
    try:
        with (
            file.open("rb") as stream,
            pyarrow.parquet.ParquetWriter(
                target, schema, compression="lz4", use_dictionary=False
            ) as writer,
        ):
            before = 0
            for batch in _batches(stream, schema, encoding, lines, delimiter):
                writer.write_batch(batch)
                if advance is not None:
                    advance(stream.tell() - before)
                    before = stream.tell()
    except pa.ArrowInvalid as error:
        raise FileUnreadable(
            value=file.name, why=_why_broken(file, encoding, delimiter, error)
        ) from None
    except OSError as error:
        raise LakeNotWritable(value=target.name, why=error.strerror or str(error)) from None


def _batches(
    stream: object, schema: pa.Schema, encoding: str, lines: int, delimiter: str
) -> pa.csv.CSVStreamingReader:
    return pyarrow.csv.open_csv(
        stream,
        read_options=pyarrow.csv.ReadOptions(
            encoding=encoding, column_names=schema.names, skip_rows=lines, block_size=_BLOCK
        ),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True, delimiter=delimiter),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(schema.names, pa.string())
        ),
    )


def _why_broken(file: Path, encoding: str, delimiter: str, error: Exception) -> str:
    """Which line breaks a CSV file, without what stands in it."""
    with file.open(encoding=_with_bom(encoding), newline="") as text:
        rows = csv.reader(text, delimiter=delimiter)
        try:
            wanted = len(next(rows))
            end = rows.line_num
            for row in rows:
                start, end = end + 1, rows.line_num
                if row and len(row) != wanted:
                    return f"line {start} has {len(row)} cells where the header has {wanted}"
        except csv.Error as broken:
            return f"line {rows.line_num}: {broken}"
    if "block" in str(error):
        return f"a row is longer than {_BLOCK >> 20} MiB; a quotation mark is probably never closed"
    return "it is no regular CSV file"


def _with_bom(encoding: str) -> str:
    return "utf-8-sig" if encoding == "utf-8" else encoding
