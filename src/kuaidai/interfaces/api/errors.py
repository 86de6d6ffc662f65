"""Refusals of the REST interface itself."""

from __future__ import annotations

from kuaidai.kernel.errors import Refusal


class WrongPassword(Refusal):
    """A staff sign-in that does not fit."""

    code = "WRONG_PASSWORD"
    http_status = 401
    en = "User {username!r} and this password do not fit; check both, or ask an administrator."
    zh = "用户 {username!r} 与密码不匹配，请核对后重试，或联系管理员。"


class UnknownAuthorisationKind(Refusal):
    """An authorisation kind that does not exist."""

    code = "UNKNOWN_AUTHORISATION_KIND"
    en = "Authorisation {kind!r} is unknown; use one of {choices}."
    zh = "授权类型 {kind!r} 不存在，可用类型为 {choices}。"


class AmountMissing(Refusal):
    """A repayment that is neither an amount nor in full."""

    code = "AMOUNT_MISSING"
    en = "Give either an amount or full = true; got amount {amount!r} and full {full}."
    zh = "请提供还款金额，或选择全部结清；当前金额 {amount!r}，全部结清 {full}。"
