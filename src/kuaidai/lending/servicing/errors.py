"""Refusals of servicing."""

from kuaidai.kernel.errors import NotAllowed, NotFound, Refusal


class UnknownFacility(NotFound):
    """There is no such facility."""

    code = "UNKNOWN_FACILITY"
    en = "No credit line {value} was found; check the number (FAC-…)."
    zh = "未找到额度 {value}；请核对额度编号（FAC-…）。"


class UnknownLoan(NotFound):
    """There is no such loan."""

    code = "UNKNOWN_LOAN"
    en = "No loan {value} was found; check the number (LN-…)."
    zh = "未找到借据 {value}；请核对借据编号（LN-…）。"


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


class DrawingWhileOverdue(Refusal):
    """The borrower has left something unpaid, written off or not; nothing is drawn before it is paid."""

    code, http_status = "DRAWING_WHILE_OVERDUE", 409
    en = "Something has been overdue since {since}; pay it first, then draw."
    zh = "自 {since} 起有逾期款项；请先还清逾期款项，再支用。"


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


class CloseProcessDied(Refusal):
    """A process that closed chunks was killed; what it had closed stays closed."""

    code, http_status = "CLOSE_PROCESS_DIED", 503
    en = (
        "A process of the close of day for {value} died, perhaps for want of memory; "
        "run it again, it goes on where it stopped."
    )
    zh = "{value} 日终的一个处理进程已中止（可能内存不足）；请重新运行，将从中断处继续。"


class ApprovalExpired(Refusal):
    """The approval's last day is past."""

    code, http_status = "APPROVAL_EXPIRED", 409
    en = "The approval {value} ended on {last} and it is {on}; a new decision is needed."
    zh = "审批 {value} 已于 {last} 失效（当前日期 {on}），须重新审批。"


class NotCoveredByApproval(Refusal):
    """Amount, rate, term or product go beyond what was approved."""

    code, http_status = "NOT_COVERED_BY_APPROVAL", 409
    en = "The approval {value} does not cover {what} {asked}; it allows {allowed}."
    zh = "审批 {value} 未覆盖{what_zh} {asked}；批准值为 {allowed}。"


class AboveGroupTotal(Refusal):
    """The lines of the obligor's group would exceed its total."""

    code, http_status = "ABOVE_GROUP_TOTAL", 409
    en = "{amount} is more than the {available} left of the group's total of {total}; grant less."
    zh = "{amount} 超过集团授信总额 {total} 的剩余空间 {available}；请降低额度。"


class GroupTotalInUse(Refusal):
    """The group's total cannot go below what is drawn under it."""

    code, http_status = "GROUP_TOTAL_IN_USE", 409
    en = (
        "The group's total cannot become {amount}: {drawn} is drawn under it; name {drawn} or more."
    )
    zh = "集团授信总额不能降至 {amount}：已使用 {drawn}；请输入不低于 {drawn} 的金额。"


class MaturesTooLate(Refusal):
    """The loan would run longer after its line's expiry than the product allows."""

    code = "MATURES_TOO_LATE"
    en = (
        "A draw of {months} months would mature on {matures_on}, after {last}, the last day for "
        "this line; the longest term today is {longest} months."
    )
    zh = "期限 {months} 个月的支用将于 {matures_on} 到期，晚于该额度允许的最晚到期日 {last}；今日最长可选 {longest} 个月。"


class TermNotOffered(Refusal):
    """The term is none the line offers."""

    code = "TERM_NOT_OFFERED"
    en = "A draw of {months} months is not offered; choose one of: {choices}."
    zh = "不提供 {months} 个月的期限；可选：{choices}。"


class ProductNotInLine(Refusal):
    """The line has no part for the product."""

    code = "PRODUCT_NOT_IN_LINE"
    en = "The facility {value} does not include the product {product}; choose one of: {known}."
    zh = "额度 {value} 不含产品 {product}；可选：{known}。"


class LimitReasonMissing(Refusal):
    """A limit is changed for a reason, which is kept."""

    code = "LIMIT_REASON_MISSING"
    en = "Say why: the reason is kept in the limit's history."
    zh = "请填写原因：原因将记入额度变更历史。"


class NotACut(Refusal):
    """A cut must lead below the present limit, and not below zero."""

    code = "NOT_A_CUT"
    en = "{amount} is not below the present limit of {granted}; name an amount from 0.00 below it."
    zh = "{amount} 不低于当前额度 {granted}；请输入 0.00 以上且低于当前额度的金额。"


class NotAnIncrease(Refusal):
    """An increase must lead above the present limit."""

    code = "NOT_AN_INCREASE"
    en = "{amount} is not above the present limit of {granted}; name a higher amount."
    zh = "{amount} 不高于当前额度 {granted}；请输入更高的金额。"


class OrderKeyReused(Refusal):
    """An order to the bank core came with the key of another one."""

    code, http_status = "ORDER_KEY_REUSED", 409
    en = "The key {value} belongs to another order to the bank core; use a new one."
    zh = "键 {value} 已用于另一笔核心系统指令；请使用新的键。"


class UnknownReconciliation(NotFound):
    """There is no such reconciliation, or no such break."""

    code = "UNKNOWN_RECONCILIATION"
    en = "No reconciliation {value} was found; open it from the list."
    zh = "未找到对账记录 {value}；请从列表进入。"


class BreakNotOpen(Refusal):
    """The break was explained or cleared before."""

    code, http_status = "BREAK_NOT_OPEN", 409
    en = "The break {value} is {state} already; reload the page."
    zh = "该差异 {value} 已处理（{state}）；请刷新页面。"


class BreakNoteMissing(Refusal):
    """A break was to be explained without a note."""

    code = "BREAK_NOTE_MISSING"
    en = "{value!r} does not explain the break; write at least {least} characters."
    zh = "“{value}”不足以说明该差异；请至少输入 {least} 个字符。"


class NothingToReconcile(Refusal):
    """The day to reconcile has not come yet."""

    code, http_status = "NOTHING_TO_RECONCILE", 409
    en = "{value} has not come yet: the business date is {on}; reconcile {on} or an earlier day."
    zh = "{value} 尚未到来：当前营业日为 {on}；请选择该日或更早的日期对账。"


class UnknownOverride(NotFound):
    """There is no such request about a class."""

    code = "UNKNOWN_OVERRIDE"
    en = "No request {value} was found; open it from the page on asset quality."
    zh = "未找到认定申请 {value}；请从资产质量页面进入。"


class SameEyes(Refusal):
    """The one who asked may not decide."""

    code, http_status = "SAME_EYES", 403
    en = "{value} was asked by {who}; another person must decide it."
    zh = "{value} 由 {who} 提出，须由另一人审批。"


class OverrideDecided(Refusal):
    """The request is decided already, or its term is over."""

    code, http_status = "OVERRIDE_DECIDED", 409
    en = "{value} is {state} already; ask anew if the loan needs another class."
    zh = "{value} 已{state_zh}；如需变更请重新申请。"


class OverrideWaiting(Refusal):
    """A request of that kind waits for the loan already."""

    code, http_status = "OVERRIDE_WAITING", 409
    en = "A request for loan {value} waits already; have it decided first."
    zh = "借据 {value} 已有待审批的申请；请先审批。"


class OverrideNotWorse(Refusal):
    """By hand a class can only be made worse."""

    code = "OVERRIDE_NOT_WORSE"
    en = (
        "Loan {value} is {state} already; choose a worse class. "
        "A better one follows from the rules once the debtor's capacity is confirmed."
    )
    zh = "借据 {value} 已为{state_zh}类；请选择更低的类别。上调须在确认债务人履约能力后由规则认定。"


class OverrideWithoutReason(Refusal):
    """A request needs a written reason."""

    code = "OVERRIDE_WITHOUT_REASON"
    en = "Write the reason, in 10 to 500 characters; {count} were written."
    zh = "请填写理由（10 至 500 个字符）；目前为 {count} 个字符。"


class OverrideTerm(Refusal):
    """The request ends too soon or too late."""

    code = "OVERRIDE_TERM"
    en = "{value} is no term for an override; choose a day from {first} to {last}."
    zh = "{value} 不是有效的到期日；请选择 {first} 至 {last} 之间的日期。"


class EventRefused(Refusal):
    """What was to happen to a loan cannot, as it stands."""

    code, http_status = "LOAN_EVENT_REFUSED", 409
    en = "This cannot happen to loan {value}: {why}."
    zh = "贷款 {value} 不能进行该操作：{why}。"


class LineRedrawn(Refusal):
    """Principal would be owed again, and its room on the line has been drawn or cut since."""

    code, http_status = "LINE_REDRAWN", 409
    en = (
        "{amount} would be owed again under the line {value}, which has {available} left; "
        "increase the line first."
    )
    zh = "额度 {value} 项下将重新产生欠款 {amount}，但剩余空间仅 {available}；请先调增额度。"


class AdjustmentWithoutReason(Refusal):
    """What staff do to a loan needs a written reason."""

    code = "ADJUSTMENT_WITHOUT_REASON"
    en = "Write the reason, in 10 to 500 characters; {count} were written."
    zh = "请填写理由（10 至 500 个字符）；目前为 {count} 个字符。"


class UnknownLogin(NotAllowed):
    """Nobody signs in by the name that a command was given."""

    code = "UNKNOWN_LOGIN"
    en = "No staff login {value} was found; check the name."
    zh = "未找到员工账号 {value}；请核对。"


class AdjustmentNotForRole(NotAllowed):
    """The role does not do this to loans, or does not decide about it."""

    code = "ADJUSTMENT_NOT_FOR_ROLE"
    en = "The role {role} may not do this; ask one of: {roles}."
    zh = "角色 {role} 无权执行该操作；可由以下角色办理：{roles}。"


class AdjustmentWaiting(Refusal):
    """A request of that kind waits for the loan already."""

    code, http_status = "ADJUSTMENT_WAITING", 409
    en = "A request of that kind waits for loan {value} already; have it decided first."
    zh = "借据 {value} 已有同类申请待审批；请先审批。"


class UnknownLoanRequest(NotFound):
    """There is no such request about a loan."""

    code = "UNKNOWN_LOAN_REQUEST"
    en = "No request {value} was found; open it from the loan's page."
    zh = "未找到申请 {value}；请从借据页面进入。"


class LoanRequestDecided(Refusal):
    """The request is decided already, or its term is over."""

    code, http_status = "LOAN_REQUEST_DECIDED", 409
    en = "{value} is {state} already; ask anew if it is still needed."
    zh = "{value} 已{state_zh}；如仍需办理请重新申请。"


class LoanNotActive(Refusal):
    """The loan is settled or written off, and this needs one that is not."""

    code, http_status = "LOAN_NOT_ACTIVE", 409
    en = "The loan {value} is {state}; this is done to active loans only."
    zh = "借据 {value} 当前{state_zh}；该操作仅适用于未结清借据。"


class LoanNotWrittenOff(Refusal):
    """A recovery comes in on a loan that was written off."""

    code, http_status = "LOAN_NOT_WRITTEN_OFF", 409
    en = "The loan {value} is not written off; take the money as a repayment."
    zh = "借据 {value} 未核销；请按还款处理。"


class AboveAdjustmentLimit(Refusal):
    """The amount is more than the product lets staff charge or waive at all."""

    code = "ABOVE_ADJUSTMENT_LIMIT"
    en = "{amount} is more than the {most} the product allows; name {most} or less."
    zh = "{amount} 超过产品允许的最高金额 {most}；请输入不超过 {most} 的金额。"


class WaiveTooMuch(Refusal):
    """More is to be waived than is owed."""

    code = "WAIVE_TOO_MUCH"
    en = "{amount} is more than the {owed} that is owed of it; waive {owed} or less."
    zh = "{amount} 超过该项欠款 {owed}；减免金额不得超过 {owed}。"


class AdjustmentAmount(Refusal):
    """The amount is zero, negative or finer than a cent."""

    code = "ADJUSTMENT_AMOUNT"
    en = "{amount} is no amount for this; enter one above zero with at most two decimals."
    zh = "{amount} 不是有效金额；请输入大于零且最多两位小数的金额。"


class MisuseTooMuch(Refusal):
    """More is said to be misused than is owed."""

    code = "MISUSE_TOO_MUCH"
    en = "{amount} is more than the {owed} of principal outstanding; name {owed} or less."
    zh = "{amount} 超过未还本金 {owed}；请输入不超过 {owed} 的金额。"


class RateOutOfRange(Refusal):
    """The rate is none the platform lends at."""

    code = "RATE_OUT_OF_RANGE"
    en = "{rate} is not a rate for this loan; name one above 0% and up to {most}."
    zh = "{rate} 不是该借据的有效利率；请输入大于 0% 且不超过 {most} 的利率。"


class ExtendedAlready(Refusal):
    """The product allows no further extension."""

    code, http_status = "EXTENDED_ALREADY", 409
    en = "The loan {value} was extended {count} times already, as often as the product allows."
    zh = "借据 {value} 已展期 {count} 次，达到产品允许的次数。"


class ExtensionAfterMaturity(Refusal):
    """An extension is agreed before the loan matures."""

    code, http_status = "EXTENSION_AFTER_MATURITY", 409
    en = "The loan {value} matured on {last}; it can be restructured, not extended."
    zh = "借据 {value} 已于 {last} 到期，不能展期，可办理重组。"


class ExtensionDates(Refusal):
    """The new due dates are out of order, not later than before, or later than the law allows."""

    code = "EXTENSION_DATES"
    en = "These due dates do not fit: they come in order after {first}, the last by {last}."
    zh = "还款日期无效：须在 {first} 之后依次排列，最后一期不晚于 {last}。"


class NotForWriteOff(Refusal):
    """The loan's class is not one that is written off."""

    code, http_status = "NOT_FOR_WRITE_OFF", 409
    en = "The loan {value} is classed {state}; only loans classed {least} or worse are written off."
    zh = "借据 {value} 的分类为{state_zh}；仅{least_zh}及以下类别可核销。"


class NotReversible(Refusal):
    """The event is unknown, was reversed, or is itself a reversal."""

    code, http_status = "NOT_REVERSIBLE", 409
    en = "The event {value} cannot be reversed: it is unknown, reversed, or a reversal itself."
    zh = "事件 {value} 不能冲正：该事件不存在、已冲正或本身为冲正。"


class AccrualUnchanged(Refusal):
    """Accrual stands as asked for already."""

    code, http_status = "ACCRUAL_UNCHANGED", 409
    en = "The accrual of loan {value} is {state} already."
    zh = "借据 {value} 当前已{state_zh}。"


class MonthNotStated(NotFound):
    """The loan has no statement of that month."""

    code = "MONTH_NOT_STATED"
    en = (
        "Loan {loan} has no statement of {value}; name a closed month of its life, such as 2026-07."
    )
    zh = "借据 {loan} 没有 {value} 的月度对账单；请填写借据存续期内已日结的月份，如 2026-07。"


class StatementPeriod(Refusal):
    """A statement was asked for days that have not come, or of before the loan."""

    code = "STATEMENT_PERIOD"
    en = (
        "{first} to {last} is no period for this statement: it begins by its last day, which is "
        "from {begins} to {on}."
    )
    zh = "{first} 至 {last} 不是有效的对账期间：起始日不得晚于截止日，且截止日须在 {begins} 至 {on} 之间。"
