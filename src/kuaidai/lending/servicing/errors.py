"""Refusals of servicing."""

from kuaidai.kernel.errors import NotFound, Refusal


class UnknownFacility(NotFound):
    """There is no such facility."""

    code = "UNKNOWN_FACILITY"
    en = "No facility {value} was found; open it from your home page."
    zh = "未找到额度 {value}；请从首页进入。"


class UnknownLoan(NotFound):
    """There is no such loan."""

    code = "UNKNOWN_LOAN"
    en = "No loan {value} was found; open it from its facility."
    zh = "未找到借据 {value}；请从额度页面进入。"


class AboveAvailable(Refusal):
    """The drawdown is more than what is left of the line."""

    code = "ABOVE_AVAILABLE"
    en = "{amount} is more than the {available} available; draw {available} or less."
    zh = "{amount} 超过可用额度 {available}；请输入不超过 {available} 的金额。"


class DrawTooSmall(Refusal):
    """The drawdown is below the product's minimum or not a multiple of its step."""

    code = "DRAW_TOO_SMALL"
    en = "{amount} cannot be drawn; draw at least {least}, in steps of {step}."
    zh = "无法支用 {amount}；最低 {least}，且须为 {step} 的整数倍。"


class FacilityNotOpen(Refusal):
    """The facility is frozen, closed or past its term."""

    code, http_status = "FACILITY_NOT_OPEN", 409
    en = "The facility {value} is {state}, so nothing can be drawn; contact your account manager."
    zh = "额度 {value} 当前状态为{state_zh}，无法支用；请联系客户经理。"


class UnknownPurpose(Refusal):
    """The purpose is not one the product lends for."""

    code = "UNKNOWN_PURPOSE"
    en = "{value!r} is not a purpose of this product; choose one of: {known}."
    zh = "{value!r} 不是本产品允许的用途；请选择：{known}。"


class OddCents(Refusal):
    """An amount has more than two decimals."""

    code = "ODD_CENTS"
    en = "{amount} is finer than a cent; enter at most two decimals."
    zh = "{amount} 超过两位小数；请输入最多两位小数的金额。"


class RepayTooMuch(Refusal):
    """The repayment is more than what is owed."""

    code = "REPAY_TOO_MUCH"
    en = "{amount} is more than the {owed} that settles the loan today; repay {owed} or less."
    zh = "{amount} 超过今日结清金额 {owed}；请输入不超过 {owed} 的金额。"


class RepayNothing(Refusal):
    """The repayment is zero or negative."""

    code = "REPAY_NOTHING"
    en = "{amount} cannot be repaid; enter an amount above zero."
    zh = "无法还款 {amount}；请输入大于零的金额。"


class LoanSettled(Refusal):
    """The loan is settled already."""

    code, http_status = "LOAN_SETTLED", 409
    en = "The loan {value} is settled; nothing is owed."
    zh = "借据 {value} 已结清，无需还款。"


class RepaymentRunning(Refusal):
    """Another repayment of this loan waits for the bank core."""

    code, http_status = "REPAYMENT_RUNNING", 409
    en = "The repayment {value} of this loan is still being processed; wait for it and try again."
    zh = "该借据的还款 {value} 正在处理中；请稍后再试。"


class CoreUnavailable(Refusal):
    """The bank core does not answer."""

    code, http_status = "CORE_UNAVAILABLE", 503
    en = "The bank core does not answer ({why}); nothing was lost, try again in a minute."
    zh = "银行核心系统暂无应答（{why}）；您的操作已保存，请稍后再试。"


class RepaymentBackdated(Refusal):
    """The repayment is dated before the loan's newest payment or its first day."""

    code, http_status = "REPAYMENT_BACKDATED", 409
    en = "The loan {value} was last moved on {last}; date the repayment {last} or later, not {on}."
    zh = "借据 {value} 最近一次变动日期为 {last}；还款日期不得早于该日（收到 {on}）。"


class DatedAhead(Refusal):
    """A drawdown or repayment is dated after the bank's business date."""

    code, http_status = "DATED_AHEAD", 409
    en = "{value} has not come yet: the business date is {on}; date it {on} or earlier."
    zh = "{value} 尚未到来：当前营业日为 {on}；日期不得晚于该日。"


class CloseOutOfOrder(Refusal):
    """The day asked for has not come yet, or was never closed here."""

    code, http_status = "CLOSE_OUT_OF_ORDER", 409
    en = "{value} cannot be closed: the business date is {on}; close {on} first."
    zh = "无法对 {value} 做日终：当前营业日为 {on}；请先完成 {on} 的日终。"


class CloseRunning(Refusal):
    """Another close of day is running."""

    code, http_status = "CLOSE_RUNNING", 409
    en = "A close of day for {value} is running already; wait for it (`kuaidai eod status`)."
    zh = "{value} 的日终正在运行；请等待其完成（`kuaidai eod status`）。"
