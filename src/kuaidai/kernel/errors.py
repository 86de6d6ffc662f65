"""Refusals: errors that say what was wrong, with which value, and what to do, in both languages."""

from __future__ import annotations

from typing import Any, ClassVar


class Refusal(Exception):
    """A request the platform turns down for a reason the asker can act on.

    Subclasses set `code` (stable, upper snake case), `http_status`, and the texts `en` and `zh`,
    which are `str.format` templates over the keyword arguments given on construction.

    >>> class AmountTooSmall(Refusal):
    ...     code, en, zh = "AMOUNT_TOO_SMALL", "Amount {amount} is below {least}.", "金额 {amount} 低于 {least}。"
    >>> str(AmountTooSmall(amount="5", least="10"))
    'Amount 5 is below 10.'
    """

    code: ClassVar[str] = "REFUSED"
    http_status: ClassVar[int] = 422
    en: ClassVar[str] = "The request was refused."
    zh: ClassVar[str] = "请求被拒绝。"

    def __init__(self, **values: Any) -> None:
        self.values = values
        super().__init__(self.en.format(**values))

    def __reduce__(self) -> tuple[Any, ...]:
        """A refusal travels between processes with its values."""
        return _refused, (type(self), self.values)

    def text(self, language: str) -> str:
        """The message in `language`: Chinese for any tag that starts with `zh`, else English."""
        template = self.zh if language.lower().startswith("zh") else self.en
        return template.format(**self.values)


def _refused(kind: type[Refusal], values: dict[str, Any]) -> Refusal:
    return kind(**values)


class NotFound(Refusal):
    """The thing asked for does not exist, or the asker may not know that it does."""

    code = "NOT_FOUND"
    http_status = 404
    en = "No {kind} {value} was found; check the number."
    zh = "未找到{kind} {value}，请核对后重试。"


class NotAllowed(Refusal):
    """The asker's role or relation does not permit the action."""

    code = "NOT_ALLOWED"
    http_status = 403
    en = "{who} may not {action}; sign in as somebody with the right."
    zh = "{who} 无权执行「{action}」，请使用有权限的账户登录。"


class IllegalTransition(Refusal):
    """A state machine was asked to go where its table does not lead."""

    code = "ILLEGAL_TRANSITION"
    http_status = 409
    en = "{kind} {value} is {state} and cannot become {target}."
    zh = "{kind} {value} 当前状态为 {state}，不能变更为 {target}。"
