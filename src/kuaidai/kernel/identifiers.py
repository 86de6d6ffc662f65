"""Identifiers: unified social credit codes, resident IDs, phone numbers, and the platform's own ids.

Check digits come from python-stdnum (GB 32100-2015, GB 11643-1999).
"""

from __future__ import annotations

import re
import secrets
from datetime import date

from stdnum.cn import ric, uscc
from stdnum.exceptions import InvalidChecksum, ValidationError

from kuaidai.kernel.errors import Refusal

PROVINCE_FORM = "1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[12]"
"""A province's two digits as a regular expression (GB/T 2260)."""
INDUSTRY_FORM = "0[1-9]|[1-8][0-9]|9[0-7]"
"""An industry division's two digits as a regular expression (GB/T 4754-2017: divisions 01 to 97)."""
_ISSUED_UNDER = re.compile(f"(?:{PROVINCE_FORM}|83)[0-9]{{4}}")  # 83: residents from Taiwan
_ID_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MOBILE = re.compile(r"^1[3-9]\d{9}$")


class MalformedUscc(Refusal):
    """Not a unified social credit code."""

    code = "MALFORMED_USCC"
    en = "{value!r} is not a unified social credit code: {why}. Copy the 18 characters from the business licence."
    zh = "{value!r} 不是有效的统一社会信用代码：{why_zh}。请按营业执照上的 18 位代码填写。"


class MalformedResidentId(Refusal):
    """Not a resident identity number. The message shows the number masked."""

    code = "MALFORMED_RESIDENT_ID"
    en = (
        "{value} is not a resident ID number: {why}. Copy the 18 characters from the identity card."
    )
    zh = "{value} 不是有效的居民身份证号码：{why_zh}。请按身份证上的 18 位号码填写。"


class MalformedPhone(Refusal):
    """Not a mainland mobile number."""

    code = "MALFORMED_PHONE"
    en = "{value!r} is not a mobile number; write its 11 digits, such as 13800000000."
    zh = "{value!r} 不是有效的手机号；请输入 11 位手机号码，例如 13800000000。"


def parse_uscc(text: str) -> str:
    """The normalised 18 characters of a unified social credit code; raises `MalformedUscc`."""
    try:
        return str(uscc.validate(text.strip().upper()))
    except InvalidChecksum:
        raise MalformedUscc(
            value=text, why="its check digit is wrong", why_zh="校验位错误"
        ) from None
    except ValidationError:
        raise MalformedUscc(
            value=text, why="it has the wrong length or characters", why_zh="长度或字符不正确"
        ) from None


def parse_resident_id(text: str) -> str:
    """The normalised 18 characters of a resident identity number; raises `MalformedResidentId`.

    Of the area only the province is checked: counties are renamed and renumbered, and a number carries
    the county of the day it was assigned, which need not be the one of the birth date.
    """
    number = ric.compact(text)
    if len(number) != 18 or not number[:-1].isascii() or not number[:-1].isdecimal():
        why, why_zh = "it has the wrong length or characters", "长度或字符不正确"
    elif number[-1] != ric.calc_check_digit(number):
        why, why_zh = "its check digit is wrong", "校验位错误"
    elif not _ISSUED_UNDER.match(number):
        why, why_zh = "there is no province of its first two digits", "前两位不是有效的省级代码"
    elif not _has_birth_date(number):
        why, why_zh = "its birth date does not exist", "出生日期不存在"
    else:
        return str(number)
    raise MalformedResidentId(value=mask(number), why=why, why_zh=why_zh)


def _has_birth_date(number: str) -> bool:
    try:
        ric.get_birth_date(number)
    except ValidationError:
        return False
    return True


def birth_date(resident_id: str) -> date:
    """The birth date inside a valid resident identity number."""
    born = ric.get_birth_date(resident_id)
    return date(born.year, born.month, born.day)


def parse_phone(text: str) -> str:
    """The 11 digits of a mainland mobile number; raises `MalformedPhone`."""
    bare = re.sub(r"[\s-]", "", text).removeprefix("+86")
    if not _MOBILE.match(bare):
        raise MalformedPhone(value=text)
    return bare


def mask(value: str) -> str:
    """`value` with all but its first three and last four characters hidden; short ones wholly."""
    if len(value) <= 7:
        return "*" * len(value)
    return f"{value[:3]}{'*' * (len(value) - 7)}{value[-4:]}"


def new_id(prefix: str) -> str:
    """A fresh identifier such as `APP-7K3QX0M4Z9T2`: readable, unguessable (60 bits), sortable by nothing."""
    # 32 characters: five bits of a byte choose one, each as likely as the next
    return f"{prefix}-{''.join(_ID_ALPHABET[byte & 31] for byte in secrets.token_bytes(12))}"
