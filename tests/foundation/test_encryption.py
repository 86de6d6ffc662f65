"""Personal identifiers at rest."""

import pytest
from cryptography.exceptions import InvalidTag
from django.db import connection
from tests.support.people import PHONE, RESIDENT_ID, register_person

from kuaidai.foundation.encryption import blind_index, decrypt_bytes, encrypt_bytes
from kuaidai.parties.queries import person_by_number, person_by_phone


def test_sealed_bytes_open_again_and_never_look_alike():
    first, second = encrypt_bytes(b"6222020000000000"), encrypt_bytes(b"6222020000000000")

    assert first != second
    assert decrypt_bytes(first) == decrypt_bytes(second) == b"6222020000000000"


def test_altered_bytes_do_not_open():
    sealed = bytearray(encrypt_bytes(b"110101"))
    sealed[-1] ^= 1

    with pytest.raises(InvalidTag):
        decrypt_bytes(bytes(sealed))


def test_unknown_key_version_is_named():
    with pytest.raises(ValueError, match="version 9"):
        decrypt_bytes(b"\x09" + encrypt_bytes(b"x")[1:])


def test_blind_index_is_equal_for_equal_values_only():
    assert blind_index("13800000000") == blind_index("13800000000")
    assert blind_index("13800000000") != blind_index("13800000001")


@pytest.mark.django_db
def test_database_never_holds_the_identifiers_in_clear():
    register_person()

    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(p)::text FROM parties_person p")
        (stored,) = cursor.fetchone()

    assert RESIDENT_ID not in stored
    assert PHONE not in stored
    assert person_by_phone(PHONE).resident_id == RESIDENT_ID
    assert person_by_number("P1").phone == PHONE
