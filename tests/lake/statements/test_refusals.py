"""Files that are no statements, or broken ones: refused in one line without a word of what they hold."""

from __future__ import annotations

import tracemalloc
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.lake.statements.conftest import CAMT, MT940, camt_in, mt940_of

from kuaidai.data.lake.bank_statements import errors, read_statements, reading, xml_stream
from kuaidai.data.lake.bank_statements.ingest import require_complete

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


def _refusal(path, kind=errors.StatementUnreadable) -> str:
    with pytest.raises(kind) as refused:
        read_statements(path)
    text = str(refused.value)
    assert text.startswith(path.name)
    assert "Invented" not in text
    assert "INVENTED" not in text
    assert "未导入任何数据" in refused.value.text("zh-hans")
    return text


def _declaring(declarations: str, use: str) -> str:
    text = camt_in("08").replace("Invented Buyer", use)
    return text.replace(DECLARATION, f"{DECLARATION}<!DOCTYPE Document [{declarations}]>\n")


def _laughs() -> str:
    entities = ['<!ENTITY e0 "ha">']
    entities += [f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12)]
    return _declaring("".join(entities), "&e11;")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(_laughs(), id="billion laughs"),
        pytest.param(
            _declaring(f'<!ENTITY a "{"a" * 50_000}">', "&a;" * 20_000), id="quadratic blow-up"
        ),
        pytest.param(
            _declaring('<!ENTITY a SYSTEM "file:///etc/hostname">', "&a;"), id="external entity"
        ),
        pytest.param(
            _declaring('<!ENTITY % a SYSTEM "http://127.0.0.1:9/a"> %a;', "x"),
            id="parameter entity",
        ),
        pytest.param(
            _laughs().replace('xmlns="urn', 'note="&e11;" xmlns="urn'), id="in an attribute"
        ),
        pytest.param(
            _laughs().replace("UTF-8", "UTF-16").encode("utf-16"), id="in another encoding"
        ),
    ],
)
def test_xml_bombs_are_refused_before_they_go_off(content, write) -> None:
    path = write(content)
    tracemalloc.start()

    text = _refusal(path)

    assert "<!DOCTYPE>" in text
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_a_declaration_across_the_edge_of_a_block_is_seen(write, monkeypatch) -> None:
    monkeypatch.setattr(xml_stream, "_CHUNK", 7)

    assert "<!DOCTYPE>" in _refusal(write(_laughs()))


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.95, 0.999])
def test_truncated_xml(share, write) -> None:
    text = camt_in("08")

    assert "breaks off" in _refusal(write(text[: int(len(text) * share)]))


def test_characters_that_are_not_in_the_declared_encoding(write) -> None:
    text = camt_in("08").replace("Invented Buyer", "虚构企业")

    said = _refusal(write(text.encode("gb18030")))

    assert "not in the encoding that it declares" in said
    assert "line 30" in said


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (
            "<Ownr><Nm>Invented Firm 0001</Nm></Ownr>",
            "<Svcr><FinInstnId><BIC>INVTCNBA</BIC></FinInstnId></Svcr>",
            "line 12, BIC is not expected here; expected: BICFI,",
        ),
        (
            "<Dbtr><Pty><Nm>Invented Buyer</Nm>",
            "<Dbtr><Pty><Nm>Invented Buyer</Nm><PstlAdr><Ctry>CH1</Ctry></PstlAdr>",
            "line 30, the text of Ctry breaks its rule (pattern)",
        ),
        (
            '<Amt Ccy="CNY">8000.00',
            '<Amt Ccy="CNY">8000.0000001',
            "the text of Amt breaks its rule",
        ),
        ("<Dt>2026-07-06</Dt>", "<Dt>2026-02-30</Dt>", "the text of Dt breaks its rule"),
        ("<CdtDbtInd>DBIT</CdtDbtInd>", "", "Sts is not expected here; expected: CdtDbtInd"),
    ],
)
def test_xml_against_the_schema(old, new, reason, write) -> None:
    text = camt_in("08")
    assert old in text

    said = _refusal(write(text.replace(old, new)), errors.StatementAgainstSchema)

    assert reason in said
    assert "camt.053.001.08" in said


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (camt_in("99"), "no schema of camt.053.001.99"),
        (camt_in("08").replace("camt.053", "camt.054"), "it is a camt.054.001.08 message"),
        (camt_in("08").replace("camt.053", "camt.052"), "it is a camt.052.001.08 message"),
        ("<html><body>Invented</body></html>", "no ISO 20022 message"),
        ('<Document xmlns="../../etc/passwd"/>', "no ISO 20022 message"),
        ("<a:b:c/>", "no ISO 20022 message"),
        ("<", "the XML breaks off"),
        ("<a><b></a>", "not well formed"),
        ("", "no field of MT940"),
        ("Invented,1,2\n", "no field of MT940"),
        (b"PK\x03\x04\x00\x00Invented", "it is not text"),
        ("\u0000".encode("utf-16"), "it is not text"),
    ],
)
def test_what_is_no_statement(content, reason, write) -> None:
    assert reason in _refusal(write(content, "statement.txt"))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (":61:26O7010701C5,00NTRFX", "after entry 1: field :61: is not written as MT940 has it"),
        (":61:2607010701X5,00NTRFX", "field :61: is not written as MT940 has it"),
        (":61:2613010701C5,00NTRFX", "a date or an amount does not exist"),
        (":61:2607310931C5,00NTRFX", "a date or an amount does not exist"),
        (":61:2607010701C,NTRFX", "a date or an amount does not exist"),
        (":61:2607010701C5,0,0NTRFX", "a date or an amount does not exist"),
        (":62F:260701CNY5,00", "field :62F: is not written as MT940 has it"),
        ("\n".join([":86:Invented"] * 30), "more than 20 fields :86:"),
    ],
)
def test_broken_fields_of_mt940(line, reason, write, caplog) -> None:
    text = mt940_of(":61:2607010701C1,00NTRFINVENTED", line)

    assert reason in _refusal(write(text, "s.sta"))
    assert not caplog.records


def test_a_misspelt_field_shows_in_the_balance(write) -> None:
    text = mt940_of(":61:260701C5,00NTRFX", ":6l:260701C7,00NTRFY", closing="C260701CNY112,00")
    (statement,) = read_statements(write(text, "s.sta"))

    with pytest.raises(errors.StatementUnbalanced) as refused:
        require_complete(statement, "CNY", "s.sta", 1)

    assert "opening 100.00 plus entries 5.00 is 7.00 away from closing 112.00" in str(refused.value)
    assert refused.value.values["difference"] == Decimal(7)


@pytest.mark.parametrize("limit", ["MOST_CAMT_BYTES", "MOST_MT940_BYTES"])
def test_files_above_the_cap_are_refused_unread(limit, write, monkeypatch) -> None:
    monkeypatch.setattr(reading, limit, 1 << 10)
    content = camt_in("08") if "CAMT" in limit else mt940_of(*[":86:x"] * 1000)

    said = _refusal(write(content))

    assert "MiB and may have 0; split it by period" in said


def test_without_the_schemas_nothing_is_read_on_trust(write, monkeypatch) -> None:
    def missing(name: str) -> None:
        raise xml_stream.PackageNotFoundError(name)

    monkeypatch.setattr(xml_stream, "distribution", missing)
    xml_stream.schema_of.cache_clear()
    try:
        with pytest.raises(errors.SchemasMissing, match=r"kuaidai\[camt\]"):
            read_statements(write(camt_in("08")))
    finally:
        xml_stream.schema_of.cache_clear()


def test_no_such_file(tmp_path) -> None:
    assert "no such file" in _refusal(tmp_path / "statement.xml")


_DAMAGE = st.lists(
    st.tuples(
        st.floats(0, 1),
        st.integers(0, 30),
        st.sampled_from([b"", b"<", b">", b"\x00", b"\xff", b":61:", b"\n:", b",", b"9", b"&a;", b"]]>"])
        | st.binary(max_size=4),
    ),
    min_size=1,
    max_size=4,
)  # fmt: skip


@pytest.mark.parametrize("path", [CAMT, MT940], ids=["camt.053", "MT940"])
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage=_DAMAGE)
def test_damaged_files_are_read_or_refused_and_nothing_else(path, damage, write) -> None:
    """Each damage: a place, how many bytes are lost there, and what stands there instead."""
    content = path.read_bytes()
    for place, lost, instead in damage:
        at = int(place * len(content))
        content = content[:at] + instead + content[at + lost :]
    try:
        statements = read_statements(write(content, "s.txt"))
        for number, statement in enumerate(statements, 1):
            require_complete(statement, "CNY", "s.txt", number)
    except errors.Refusal as refusal:
        assert "Invented" not in str(refusal)
        return
    assert all(statement.difference == 0 for statement in statements)
