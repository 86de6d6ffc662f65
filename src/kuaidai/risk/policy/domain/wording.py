"""How values that rules saw are written for people, in both languages."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from kuaidai.kernel.money import money_text, yuan

_WORDS = {
    "pass": ("pass", "正常"),
    "special_mention": ("special mention", "关注"),
    "substandard": ("substandard", "次级"),
    "doubtful": ("doubtful", "可疑"),
    "loss": ("loss", "损失"),
    "open": ("open", "存续（在营）"),
    "suspended": ("suspended", "歇业"),
    "revoked": ("revoked", "吊销"),
    "cancelled": ("cancelled", "注销"),
    "unknown": ("unknown", "未知"),
    "registry": ("business registry", "工商登记"),
    "tax": ("tax bureau", "税务"),
    "courts": ("courts", "司法"),
    "bureau_enterprise": ("enterprise credit bureau", "企业征信"),
    "bureau_owner": ("personal credit bureau", "个人征信"),
    "bank_core": ("bank core", "行内系统"),
}


def exact(value: Any) -> Decimal:
    """A number from JSON or a feature as the decimal it was written as."""
    return Decimal(str(value))


def plain(value: Decimal) -> str:
    """A number without trailing zeros and without an exponent: 12, 0.85."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(value: Decimal, places: int = 2) -> str:
    """A fraction as per cent: 0.0385 is 3.85%."""
    return f"{value * 100:.{places}f}%"


def written(value: Any, unit: str) -> tuple[str, str, str]:
    """`value` of a rule in `unit`: neutral text, English, Chinese.

    Units: yuan, share, number, word (a code with a translation), sources (codes), text.
    """
    if unit == "yuan":
        text = money_text(yuan(exact(value)))
    elif unit == "share":
        text = percent(exact(value), 1)
    elif unit == "number":
        text = plain(exact(int(value) if isinstance(value, bool) else value))
    elif unit in ("word", "sources"):
        codes = [code.strip() for code in str(value).split(",")]
        pairs = [_WORDS.get(code, (code, code)) for code in codes]
        return str(value), ", ".join(en for en, _ in pairs), "、".join(zh for _, zh in pairs)
    else:
        text = str(value)
    return text, text, text
