"""National reference data against the project's own: identifiers, calendar, divisions, industries.

The data are read from where they are (`KUAIDAI_REAL_DATA`); without them the tests are skipped.
"""

from __future__ import annotations

import csv
import json
import re
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from stdnum.cn import ric

from kuaidai.data.lake.datasets import DATASETS
from kuaidai.kernel.calendars import is_working_day, next_working_day
from kuaidai.kernel.identifiers import (
    MalformedResidentId,
    MalformedUscc,
    birth_date,
    mask,
    parse_resident_id,
    parse_uscc,
)
from kuaidai.simulator.identities import resident_number, social_credit_code
from kuaidai.simulator.industries import INDUSTRIES, PROVINCES


@pytest.fixture
def table(real_data: Path):
    """Rows of one of the reference tables."""

    def read(name: str) -> list[dict[str, str]]:
        path = real_data / "cn_reference" / f"{name}.csv"
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    return read


def test_social_credit_codes(table) -> None:
    rows = table("uscc_test_vectors")
    valid = [row["code"] for row in rows if row["valid"] == "1"]
    invalid = [row["code"] for row in rows if row["valid"] == "0"]

    assert (len(valid), len(invalid)) == (201, 4)
    assert [parse_uscc(code) for code in valid] == valid
    for code in invalid:
        with pytest.raises(MalformedUscc):
            parse_uscc(code)


def test_a_single_wrong_character_of_a_social_credit_code_is_always_found(table) -> None:
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    codes = [row["code"] for row in table("uscc_test_vectors") if row["valid"] == "1"][:20]

    for code in codes:
        for place in range(2, 18):
            other = alphabet[(alphabet.index(code[place]) + 1) % 31]
            with pytest.raises(MalformedUscc):
                parse_uscc(code[:place] + other + code[place + 1 :])


def test_resident_numbers(table) -> None:
    """Accepted: right check digit, an existing province and birth date. python-stdnum refuses more: areas
    that did not exist in the year of birth, though numbers are assigned years later as well."""
    rows = table("resident_id_test_vectors")
    provinces = {row["code"] for row in table("division_provinces")}

    assert {(row["checksum_ok"], row["stdnum_valid"]) for row in rows} == {
        ("1", "1"), ("1", "0"), ("0", "0"),
    }  # fmt: skip
    for row in rows:
        checked = row["checksum_ok"] == "1" and row["id"][:2] in provinces
        accepted = checked and row["id"][10:12] <= "12"
        assert accepted or row["stdnum_valid"] == "0"
        if accepted:
            number = parse_resident_id(row["id"])
            assert number == row["id"].upper()
            assert birth_date(number).strftime("%Y%m%d") == number[6:14]
            continue
        with pytest.raises(MalformedResidentId) as refused:
            parse_resident_id(row["id"])
        assert mask(row["id"].upper()) in str(refused.value)
        assert row["id"][6:14] not in str(refused.value)
        said = (
            "birth date" if checked else "check digit" if row["checksum_ok"] == "0" else "province"
        )
        assert said in str(refused.value)


def _resident_number(front: str) -> str:
    return f"{front}{ric.calc_check_digit(front + '0')}"


@pytest.mark.parametrize("front", ["32000019900230123", "32000000000101123", "99000019900101123"])
def test_resident_numbers_of_no_day_or_province(front) -> None:
    with pytest.raises(MalformedResidentId):
        parse_resident_id(_resident_number(front))


def test_the_working_days_of_twenty_three_years(table) -> None:
    kinds = {row["date"]: row["kind"] for row in table("holidays_chinesecalendar_1.11.0")}
    last = max(kinds)[:4]
    assert last == "2026"

    day = date(2004, 1, 1)
    while day.year <= int(last):
        kind = kinds.get(day.isoformat())
        working = {
            "holiday": False,
            "in_lieu": False,
            "workday_makeup": True,
            None: day.weekday() < 5,
        }
        assert is_working_day(day) == working[kind], day
        day += timedelta(days=1)


def test_fixings_of_the_prime_rate_fall_on_the_twentieth_or_the_next_working_day(table) -> None:
    days = [date.fromisoformat(row["publish_date"]) for row in table("lpr_history")]

    assert len(days) == 85
    assert days == [next_working_day(day.replace(day=20)) for day in days]
    months = [day.year * 12 + day.month for day in days]
    assert months == list(range(months[0], months[0] + 85))


def _form(column: str) -> str:
    return DATASETS["enterprises"].column(column).form


def test_provinces_of_the_simulated_bank_and_of_the_contracts(table) -> None:
    provinces = {row["code"]: row["name"] for row in table("division_provinces")}

    assert len(provinces) == 31
    for code, name, _ in PROVINCES:
        assert provinces[code].startswith(name)
    form = _form("province_code")
    beyond = {"71", "81", "82"}  # provinces of GB/T 2260 that the bureau's list leaves out
    taken = {f"{n:02d}" for n in range(100) if re.fullmatch(form, f"{n:02d}")}
    assert taken == provinces.keys() | beyond
    assert not any(re.fullmatch(form, code) for code in ("3", "320", "320000", "江苏"))


def test_areas_lie_in_their_cities_and_these_in_their_provinces(table) -> None:
    provinces = {row["code"] for row in table("division_provinces")}
    cities = {row["code"]: row["provinceCode"] for row in table("division_cities")}
    areas = table("division_areas")

    assert (len(cities), len(areas)) == (342, 2978)
    assert set(cities.values()) == provinces
    for row in areas:
        assert row["code"].startswith(row["cityCode"])
        assert cities[row["cityCode"]] == row["provinceCode"]


def test_resident_numbers_of_every_area_in_use_are_taken(table) -> None:
    areas = [row["code"] for row in table("division_areas") if len(row["code"]) == 6]
    numbers = [_resident_number(f"{area}19900307123") for area in areas]

    assert len(numbers) > 2900
    assert [parse_resident_id(number) for number in numbers] == numbers


def test_simulated_identities_pass_for_every_simulated_province() -> None:
    for code, _, _ in PROVINCES:
        for sole_trader in (False, True):
            made = social_credit_code(7, province=code, sole_trader=sole_trader)
            assert parse_uscc(made) == made
        number = resident_number(area=f"{code}0000", born=date(1980, 2, 29))
        assert parse_resident_id(number) == number


def test_industries_are_divisions_of_the_national_standard(table) -> None:
    rows = table("gbt4754_2017")
    divisions = {row["division"]: row["name"] for row in rows if row["level"] == "大类"}

    assert len(divisions) == 97
    for industry in INDUSTRIES:
        name = divisions[industry.code]
        assert name.removesuffix("业").startswith(industry.name_zh.removesuffix("业")[:2])
    form = _form("industry_code")
    assert {f"{n:02d}" for n in range(100) if re.fullmatch(form, f"{n:02d}")} == divisions.keys()


def test_industries_named_in_policies_exist(table) -> None:
    rows = table("gbt4754_2017")
    divisions = {row["division"] for row in rows if row["level"] == "大类"}
    library = files("kuaidai.risk.policy") / "library"
    named: set[str] = set()
    for file in library.iterdir():
        if file.name.endswith(".json"):
            text = json.dumps(json.loads(file.read_text(encoding="utf-8")), ensure_ascii=False)
            named |= set(re.findall(r"industry_code[^\d]{1,20}(\d{2})\b", text))

    assert named <= divisions
