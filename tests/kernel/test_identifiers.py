"""Unified social credit codes and resident IDs: check digits, messages, masking.

Codes are examples of python-stdnum's documentation and of published registry pages.
"""

import pytest

from kuaidai.kernel.identifiers import (
    MalformedPhone,
    MalformedResidentId,
    MalformedUscc,
    birth_date,
    mask,
    new_id,
    parse_phone,
    parse_resident_id,
    parse_uscc,
)


@pytest.mark.parametrize(
    "code", ["911100001000044477", "91110000600037341L", " 91440300708461136t "]
)
def test_valid_codes_are_normalised(code: str) -> None:
    assert parse_uscc(code) == code.strip().upper()


@pytest.mark.parametrize(
    "code", ["911100001000044478", "91110000100004447", "I11100001000044477", ""]
)
def test_mistyped_codes_are_refused_with_value_and_remedy(code: str) -> None:
    with pytest.raises(MalformedUscc) as refused:
        parse_uscc(code)
    assert repr(code) in str(refused.value)
    assert "business licence" in str(refused.value)
    assert "营业执照" in refused.value.text("zh-hans")


def test_a_wrong_check_digit_of_a_resident_id_is_refused_without_showing_it() -> None:
    with pytest.raises(MalformedResidentId) as refused:
        parse_resident_id("360426199101010072")
    assert "360426199101010072" not in str(refused.value)
    assert "check digit" in str(refused.value)


def test_the_birth_date_is_read_from_a_valid_resident_id() -> None:
    number = parse_resident_id("360426199101010071")
    assert birth_date(number).isoformat() == "1991-01-01"


def test_phones_lose_spaces_and_country_code() -> None:
    assert parse_phone("+86 199-0000 0001") == "19900000001"
    with pytest.raises(MalformedPhone, match="12345"):
        parse_phone("12345")


def test_masks_keep_ends_of_long_values_only() -> None:
    assert mask("360426199101010071") == "360***********0071"
    assert mask("张三") == "**"


def test_ids_are_prefixed_and_differ() -> None:
    ids = {new_id("APP") for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(value) == 16 and value.startswith("APP-") for value in ids)
