"""Refusals of the foundation."""

from kuaidai.kernel.errors import Refusal


class NoBusinessDate(Refusal):
    """The bank has not been opened yet."""

    code, http_status = "NO_BUSINESS_DATE", 503
    en = "The business date has not been set; run `kuaidai eod open DATE` first."
    zh = "尚未设置营业日期；请先执行 `kuaidai eod open DATE`。"


class BusinessDateBackwards(Refusal):
    """The business date only moves forward."""

    code, http_status = "BUSINESS_DATE_BACKWARDS", 409
    en = "The business date is {current} and cannot go back to {wanted}."
    zh = "当前营业日期为 {current}，不能退回到 {wanted}。"


class IdempotencyMismatch(Refusal):
    """The same key came with another request."""

    code = "IDEMPOTENCY_MISMATCH"
    en = "Idempotency key {key} was used for another request; send a new key with the new request."
    zh = "幂等键 {key} 已用于另一请求；新的请求请使用新的幂等键。"


class IdempotencyKeyMalformed(Refusal):
    """The key cannot be stored."""

    code = "IDEMPOTENCY_KEY_MALFORMED"
    en = "The idempotency key {value!r} cannot be used; send 1 to 100 printable ASCII characters without spaces."
    zh = "幂等键 {value!r} 无法使用；请使用 1 至 100 个不含空格的可打印 ASCII 字符。"


class CodeWrong(Refusal):
    """The one-time code does not match."""

    code = "CODE_WRONG"
    en = "The code {value} is wrong; {left} tries are left."
    zh = "验证码 {value} 不正确，还可尝试 {left} 次。"


class CodeExpired(Refusal):
    """The one-time code is too old, used, or was never sent."""

    code = "CODE_EXPIRED"
    en = "The code {value} has expired or was used; ask for a new one."
    zh = "验证码 {value} 已过期或已使用，请重新获取。"


class CodeLocked(Refusal):
    """Too many wrong tries."""

    code, http_status = "CODE_LOCKED", 429
    en = "Too many wrong codes, the last was {value}; ask for a new one."
    zh = "验证码错误次数过多（最近一次为 {value}），请重新获取。"


class CodeTooSoon(Refusal):
    """A new code was asked for too soon, or too often."""

    code, http_status = "CODE_TOO_SOON", 429
    en = "A code was sent to {phone} moments ago; wait {seconds} seconds and ask again."
    zh = "刚刚已向 {phone} 发送验证码，请 {seconds} 秒后再试。"


class SmsNotSent(Refusal):
    """The text-message gateway did not take the message."""

    code, http_status = "SMS_NOT_SENT", 503
    en = "The text message to {phone} could not be sent; try again in a minute."
    zh = "发送到 {phone} 的短信未能送出，请稍后再试。"
