import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from kuaidai.lending.origination.contracts import rendering
from kuaidai.lending.origination.contracts.certificates import Authority
from kuaidai.lending.origination.contracts.facts import (
    ContractFacts,
    ScheduleLine,
    amount_in_capitals,
    percent,
)
from kuaidai.lending.origination.contracts.rendering import render_contract, render_stamp
from kuaidai.lending.origination.contracts.signing import (
    CUSTOMER_FIELD,
    LENDER_FIELD,
    Seal,
    sign_contract,
    verify_signatures,
)
from kuaidai.lending.servicing.domain.conventions import HolidayRoll

PYHANKO = Path(sys.executable).parent / "pyhanko"
NOW = datetime.now(UTC)
FACTS = ContractFacts(
    contract_id="CTR-TEST00000001",
    application_id="APP-TEST00000001",
    prepared_on=date(2026, 1, 5),
    lender="示范贷款人",
    enterprise_name="示例贸易有限公司",
    uscc="911100001000044477",
    owner_name="示例人",
    owner_resident_id="11010519491231002X",
    owner_phone="13800000000",
    product_zh="信用快贷",
    product_en="Credit quick loan",
    purpose_zh="采购原材料",
    purpose_en="Purchase of raw materials",
    amount=Decimal("120000.00"),
    currency="CNY",
    months=2,
    opens_on=date(2026, 1, 5),
    expires_on=date(2026, 3, 5),
    method="equal_principal",
    method_zh="等额本金",
    method_en="Equal principal",
    annual_rate=Decimal("0.043500"),
    nominal=Decimal("0.044100"),
    effective=Decimal("0.045000"),
    total_interest=Decimal("652.50"),
    day_count="ACT/360",
    penalty_multiplier=Decimal("1.5"),
    grace_days=0,
    account_no="6222000000000001",
    schedule=(
        ScheduleLine(
            1,
            date(2026, 2, 5),
            Decimal("60000.00"),
            Decimal("449.50"),
            Decimal("60449.50"),
            Decimal("60000.00"),
        ),
        ScheduleLine(
            2,
            date(2026, 3, 5),
            Decimal("60000.00"),
            Decimal("203.00"),
            Decimal("60203.00"),
            Decimal("0.00"),
        ),
    ),
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("home") / "pki", lender="示范贷款人", now=NOW)


@pytest.fixture(scope="module")
def signed(authority):
    credential = authority.issue_for_customer(
        person_no="P-1", person_name="示例人", enterprise_name="示例贸易有限公司", now=NOW
    )
    mark = render_stamp(kind="customer", name="示例人", detail="示例贸易有限公司", at=NOW)
    seal = render_stamp(kind="lender", name="示范贷款人", detail=FACTS.contract_id, at=NOW)
    return sign_contract(
        render_contract(FACTS),
        customer=Seal(CUSTOMER_FIELD, credential, "签署借款合同", mark),
        lender=Seal(LENDER_FIELD, authority.seal, "加盖电子合同专用章", seal),
        root=authority.trust_root.read_bytes(),
    )


def validate(pdf, authority, folder):
    """What pyHanko's own command line says about `pdf`."""
    file = folder / "contract.pdf"
    file.write_bytes(pdf)
    return subprocess.run(
        [PYHANKO, "sign", "validate", "--trust", authority.trust_root, file],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("amount", "capitals"),
    [
        ("120000.00", "壹拾贰万元整"),
        ("1050300.05", "壹佰零伍万零叁佰元零伍分"),
        ("1234567.89", "壹佰贰拾叁万肆仟伍佰陆拾柒元捌角玖分"),
        ("100010000.00", "壹亿零壹万元整"),
        ("10.50", "壹拾元伍角"),
        ("0.05", "零元伍分"),
        ("0.00", "零元整"),
    ],
)
def test_amounts_in_capitals(amount, capitals):
    assert amount_in_capitals(Decimal(amount)) == capitals


def test_a_rate_is_written_with_four_decimals_of_a_percent():
    assert percent(Decimal("0.043550")) == "4.3550%"


def test_the_contract_renders_text_schedule_courtesy_version_and_signature_page(tmp_path):
    pdf = render_contract(FACTS)

    assert pdf.startswith(b"%PDF")
    (tmp_path / "unsigned.pdf").write_bytes(pdf)
    with (tmp_path / "unsigned.pdf").open("rb") as file:
        assert PdfFileReader(file).root["/Pages"]["/Count"] >= 4


@pytest.mark.parametrize("roll", HolidayRoll)
@pytest.mark.parametrize("interest_rolls", [True, False])
def test_the_contract_says_what_becomes_of_a_due_date_on_a_holiday(
    monkeypatch, roll, interest_rolls
):
    given = {}
    monkeypatch.setattr(rendering, "typeset", lambda _, data: given.update(data) or b"%PDF")
    render_contract(replace(FACTS, holiday_roll=str(roll), interest_rolls=interest_rolls))

    kept = "仍按计划计息并扣收" in given["holidays_zh"]
    assert kept is (roll is HolidayRoll.NONE)
    assert ("不另计息" in given["holidays_zh"]) is (
        not interest_rolls and roll in (HolidayRoll.FOLLOWING, HolidayRoll.MODIFIED_FOLLOWING)
    )
    assert ("moved date" in given["holidays_en"]) is not (kept or "put off" in given["holidays_en"])
    template = rendering.TEMPLATE.read_text(encoding="utf-8")
    assert "#d.holidays_zh" in template
    assert "#d.holidays_en" in template


def test_markup_in_a_firms_name_stays_text():
    hostile = replace(FACTS, enterprise_name="#panic() $x$ *甲* ](](")

    assert render_contract(hostile).startswith(b"%PDF")


def test_the_text_hash_changes_with_any_term():
    other = replace(FACTS, annual_rate=Decimal("0.043501"))

    assert FACTS.text_hash() == replace(FACTS).text_hash()
    assert other.text_hash() != FACTS.text_hash()


def test_keys_are_made_once_and_readable_by_their_owner_only(authority):
    before = authority.trust_root.read_bytes()

    again = Authority(authority.folder, lender="示范贷款人", now=NOW)

    assert again.trust_root.read_bytes() == before
    for key in ("ca.key", "lender.key"):
        assert (authority.folder / key).stat().st_mode & 0o777 == 0o600


def test_both_signatures_verify(signed, authority):
    customer, lender = verify_signatures(signed, trust_root=authority.trust_root)

    assert (customer.field, customer.signer, customer.valid) == ("Customer", "示例人", True)
    assert (lender.field, lender.signer, lender.valid) == ("Lender", "示范贷款人", True)


def test_pyhankos_command_line_finds_both_signatures_valid(signed, authority, tmp_path):
    said = validate(signed, authority, tmp_path)

    lines = said.stdout.strip().splitlines()
    assert said.returncode == 0, said.stderr
    assert [line.split(":")[0] for line in lines] == ["Customer", "Lender"]
    assert all("INTACT:TRUSTED" in line for line in lines)


def test_a_tampered_contract_fails_everywhere(signed, authority, tmp_path):
    tampered = bytearray(signed)
    tampered[5000] ^= 1

    checks = verify_signatures(bytes(tampered), trust_root=authority.trust_root)

    assert checks
    assert not any(check.valid for check in checks)
    assert validate(bytes(tampered), authority, tmp_path).returncode != 0


def test_text_added_after_signing_fails(signed, authority):
    from io import BytesIO

    from pyhanko.pdf_utils.generic import NameObject, pdf_string
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(BytesIO(signed))
    page, _ = writer.find_page_for_modification(0)
    page.get_object()[NameObject("/Note")] = pdf_string("rate 0 %")
    writer.update_container(page.get_object())
    changed = BytesIO()
    writer.write(changed)

    checks = verify_signatures(changed.getvalue(), trust_root=authority.trust_root)

    assert not all(check.valid for check in checks)


def test_a_file_cut_short_is_invalid_not_unsigned(signed, authority):
    checks = verify_signatures(signed[:400], trust_root=authority.trust_root)

    assert [check.valid for check in checks] == [False]


def test_another_authority_is_not_trusted(signed, tmp_path):
    stranger = Authority(tmp_path / "pki", lender="其他贷款人", now=NOW)

    checks = verify_signatures(signed, trust_root=stranger.trust_root)

    assert [check.trusted for check in checks] == [False, False]
    assert not any(check.valid for check in checks)
