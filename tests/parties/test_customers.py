"""Importing the bank's customers: all of a drop or nothing, and a clear word about what is wrong."""

import json
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest
from tests.support.people import OTHER_USCC, PHONE, RESIDENT_ID, USCC

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import set_business_date
from kuaidai.interfaces.cli.main import run
from kuaidai.kernel.errors import Refusal
from kuaidai.kernel.identifiers import MalformedPhone, MalformedResidentId, MalformedUscc
from kuaidai.parties import queries
from kuaidai.parties.errors import DropUnreadable, NotTheOwner, UnknownEnterprise
from kuaidai.parties.models import Enterprise, EnterpriseLink, Person
from kuaidai.parties.operations import import_customers

pytestmark = pytest.mark.django_db
ON = date(2026, 6, 30)
SYSTEM = Actor.system("tests")
SECOND_ID = "110101197502020001"


def firm(uscc=USCC, name="示范商贸有限公司", as_of=date(2026, 5, 31)):
    return {
        "uscc": uscc, "name": name, "kind": "company", "industry_code": "51", "province_code": "11",
        "established_on": date(2018, 3, 1), "as_of": as_of,
    }  # fmt: skip


def owner(person_id="P1", resident_id=RESIDENT_ID, phone=PHONE, uscc=USCC, share=0.6):
    return {
        "uscc": uscc, "person_id": person_id, "name": "示例", "resident_id": resident_id, "phone": phone,
        "birth_date": date(1980, 1, 1), "role": "legal_representative", "share": share,
        "since": date(2018, 3, 1),
    }  # fmt: skip


def write(folder, firms, owners, form="parquet"):
    for name, rows in (("enterprises", firms), ("owners", owners)):
        table = pa.Table.from_pylist(rows)
        if form == "csv":
            pcsv.write_csv(table, folder / f"{name}.csv")
        elif form == "parts":
            (folder / name).mkdir()
            pq.write_table(table[:1], folder / name / "part-00000.parquet")
            pq.write_table(table[1:], folder / name / "part-00001.parquet")
        else:
            pq.write_table(table, folder / f"{name}.parquet")
    return folder


def load(folder):
    return import_customers(drop=folder, actor=SYSTEM, on=ON)


@pytest.mark.parametrize("form", ["parquet", "parts", "csv"])
def test_firms_people_and_links_arrive(tmp_path, form):
    owners = [owner(), owner("P2", SECOND_ID, "13800000002", share=0.4)]
    counts = load(write(tmp_path, [firm(), firm(OTHER_USCC)], owners, form))

    assert vars(counts) == {"enterprises": 2, "people": 2, "links": 2}
    assert [p.customer_no for p in queries.owners_of(USCC)] == ["P1", "P2"]
    assert queries.enterprises_of("P2") == (queries.enterprise(USCC),)
    assert queries.person_by_phone(f"+86 {PHONE}").resident_id == RESIDENT_ID
    assert queries.require_owner(person_no="P1", uscc=USCC).province_code == "11"
    assert EnterpriseLink.objects.get(person__customer_no="P1").share == Decimal("0.600000")
    with pytest.raises(NotTheOwner):
        queries.require_owner(person_no="P1", uscc=OTHER_USCC)


def test_second_import_updates_and_the_newest_extract_wins(tmp_path):
    load(write(tmp_path, [firm()], [owner()]))
    newer = firm(name="新名商贸有限公司", as_of=date(2026, 6, 30))

    load(write(tmp_path, [newer, firm()], [owner(phone="13800000009", share=1.0)]))

    assert queries.enterprise(USCC).name == "新名商贸有限公司"
    assert queries.person_by_phone("13800000009").customer_no == "P1"
    assert (
        Enterprise.objects.count() == Person.objects.count() == EnterpriseLink.objects.count() == 1
    )
    assert EnterpriseLink.objects.get().share == 1


@pytest.mark.parametrize(
    ("firms", "owners", "refusal", "named"),
    [
        ([firm(USCC[:-1] + "A")], [owner()], MalformedUscc, "check digit"),
        ([firm()], [owner(resident_id=RESIDENT_ID[:-1] + "8")], MalformedResidentId, "check digit"),
        ([firm()], [owner(resident_id="11010119801301000X")], MalformedResidentId, "birth date"),
        ([firm()], [owner(phone="12345")], MalformedPhone, "12345"),
        ([firm()], [owner(uscc=OTHER_USCC)], UnknownEnterprise, OTHER_USCC),
        ([firm()], [owner(), owner("P2", SECOND_ID, PHONE)], DropUnreadable, "share a resident ID"),
        ([firm()], [owner(), owner("P2", RESIDENT_ID, "13800000002")], DropUnreadable, "share a"),
        ([firm()], [owner(share=1.5)], DropUnreadable, "share_is_a_fraction"),
        ([{"uscc": USCC, "as_of": ON}], [owner()], DropUnreadable, "column 'name' is missing"),
        ([{"uscc": USCC}], [owner()], DropUnreadable, "column 'as_of' is missing"),
    ],
)
def test_one_wrong_row_is_named_and_nothing_is_imported(tmp_path, firms, owners, refusal, named):
    write(tmp_path, firms, owners)

    with pytest.raises(refusal) as raised:
        load(tmp_path)

    assert named in str(raised.value)
    assert not Enterprise.objects.exists()
    assert not Person.objects.exists()


def test_resident_id_is_masked_in_the_refusal(tmp_path):
    wrong = RESIDENT_ID[:-1] + "8"

    with pytest.raises(Refusal) as raised:
        load(write(tmp_path, [firm()], [owner(resident_id=wrong)]))

    assert wrong not in str(raised.value)
    assert "110***********0008" in str(raised.value)


def test_missing_and_broken_files_are_named(tmp_path):
    with pytest.raises(DropUnreadable, match=r"no enterprises\.parquet and no enterprises\.csv"):
        load(tmp_path)
    (tmp_path / "enterprises.parquet").write_bytes(b"not parquet")
    with pytest.raises(DropUnreadable, match=r"enterprises\.parquet cannot be imported"):
        load(tmp_path)


def test_command_prints_counts_or_one_line_of_refusal(tmp_path, capsys):
    set_business_date(on=ON, actor=SYSTEM)
    write(tmp_path, [firm()], [owner()])

    with pytest.raises(SystemExit) as done:
        run(["parties", "import", str(tmp_path), "--json"])
    assert done.value.code == 0
    assert json.loads(capsys.readouterr().out) == {"enterprises": 1, "people": 1, "links": 1}

    with pytest.raises(SystemExit) as refused:
        run(["parties", "import", str(tmp_path / "nowhere")])
    assert refused.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
