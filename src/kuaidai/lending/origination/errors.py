"""Refusals of origination: stable codes, the value, and what to do."""

from __future__ import annotations

from kuaidai.kernel.errors import NotAllowed, Refusal


class ApplicationExists(Refusal):
    """The firm already has a live application for this product."""

    code = "APPLICATION_EXISTS"
    http_status = 409
    en = (
        "Firm {uscc} already has application {application_id} for {product} ({status}); "
        "continue or withdraw that one."
    )
    zh = "企业 {uscc} 已有 {product} 申请 {application_id}（{status}），请继续办理或先撤回该申请。"


class FacilityOpen(Refusal):
    """The firm already has an open facility of this product."""

    code = "FACILITY_OPEN"
    http_status = 409
    en = "Firm {uscc} already has the open facility {facility_id} for {product}; draw on that one."
    zh = "企业 {uscc} 已有生效的 {product} 额度 {facility_id}，请直接在该额度下支用。"


class RaisesLine(Refusal):
    """An application whose approval raises a line has no terms and no contract of its own."""

    code = "RAISES_LINE"
    http_status = 409
    en = "Application {application_id} is to raise line {facility_id}; nothing is chosen or signed."
    zh = "申请 {application_id} 用于提高额度 {facility_id}，无需选择方案或签署合同。"


class NotForThisLine(Refusal):
    """An approval that was not given for the line, or for no line at all."""

    code = "NOT_FOR_THIS_LINE"
    http_status = 409
    en = "Application {application_id} was not made to raise line {facility_id}; name one that was."
    zh = "申请 {application_id} 并非为提高额度 {facility_id} 而提出，请使用对应的申请。"


class AlreadySubmitted(Refusal):
    """The application was submitted before."""

    code = "ALREADY_SUBMITTED"
    http_status = 409
    en = "Application {application_id} was already submitted and is {status}; follow its progress."
    zh = "申请 {application_id} 已提交，当前状态为 {status}，请查看办理进度，无需重复提交。"


class AuthorisationsIncomplete(Refusal):
    """An authorisation the product needs is missing, withdrawn or expired."""

    code = "AUTHORISATIONS_INCOMPLETE"
    http_status = 409
    en = "Authorisations are not complete: {kinds}; give them and submit again."
    zh = "授权不完整：{kinds_zh}。请完成授权后再次提交。"


class AmountOutOfRange(Refusal):
    """An amount outside what the product or the offer allows."""

    code = "AMOUNT_OUT_OF_RANGE"
    en = "Amount {amount} is outside {least} to {most}; choose an amount in that range."
    zh = "金额 {amount} 超出可选范围（{least} 至 {most}），请在范围内选择。"


class AmountOffStep(Refusal):
    """An amount that is not a multiple of the product's step."""

    code = "AMOUNT_OFF_STEP"
    en = "Amount {amount} is not a multiple of {step}; the nearest below is {nearest}."
    zh = "金额 {amount} 不是 {step} 的整数倍，可选择 {nearest}。"


class TenorNotOffered(Refusal):
    """A tenor the product does not have."""

    code = "TENOR_NOT_OFFERED"
    en = "A tenor of {months} months is not offered; choose one of {choices} months."
    zh = "不支持 {months} 个月的期限，可选期限为 {choices} 个月。"


class MethodNotOffered(Refusal):
    """A repayment method the product does not have."""

    code = "METHOD_NOT_OFFERED"
    en = "Repayment method {method!r} is not offered; choose one of {choices}."
    zh = "不支持还款方式 {method!r}，可选方式为 {choices}。"


class PurposeNotAllowed(Refusal):
    """A purpose the product does not lend for."""

    code = "PURPOSE_NOT_ALLOWED"
    en = "Purpose {purpose!r} is not one this product lends for; choose one of {choices}."
    zh = "借款用途 {purpose!r} 不在本产品支持范围内，可选用途为 {choices}。"


class OfferExpired(Refusal):
    """The offer lapsed by business date."""

    code = "OFFER_EXPIRED"
    http_status = 409
    en = "The offer for application {application_id} expired on {expires_on}; apply again."
    zh = "申请 {application_id} 的授信要约已于 {expires_on} 失效，请重新申请。"


class NoOffer(Refusal):
    """There is no open offer to choose terms under, or no terms to put in a contract."""

    code = "NO_OFFER"
    http_status = 409
    en = "Application {application_id} is {status} and has no open offer; wait for the decision."
    zh = "申请 {application_id} 当前状态为 {status}，没有可用的授信要约，请等待审批结果。"


class TermsMissing(Refusal):
    """A contract was asked for before terms were chosen."""

    code = "TERMS_MISSING"
    http_status = 409
    en = "Application {application_id} has no chosen terms; choose amount, tenor and method first."
    zh = "申请 {application_id} 尚未选择借款条件，请先选择金额、期限和还款方式。"


class ContractMissing(Refusal):
    """A signature was asked for before the contract was prepared."""

    code = "CONTRACT_MISSING"
    http_status = 409
    en = "Application {application_id} has no prepared contract; prepare and read it first."
    zh = "申请 {application_id} 尚未生成合同，请先生成并阅读合同。"


class ContractChanged(Refusal):
    """The stored contract is not the one that was prepared."""

    code = "CONTRACT_CHANGED"
    http_status = 409
    en = "The stored PDF of contract {contract_id} does not match its hash; prepare the contract again."
    zh = "合同 {contract_id} 的存档文件与其摘要不符，请重新生成合同。"


class ReasonMissing(Refusal):
    """A referral was resolved without a reason."""

    code = "REASON_MISSING"
    en = "The reason {reason!r} is too short; write at least {least} characters."
    zh = "处理理由 {reason!r} 过短，请填写至少 {least} 个字符。"


class LimitTooHigh(Refusal):
    """A risk officer's limit above what product and policy allow."""

    code = "LIMIT_TOO_HIGH"
    en = "Limit {limit} is above {most} ({bound_by}); grant at most that."
    zh = "额度 {limit} 超过上限 {most}（{bound_by_zh}），请在上限内核定。"


class OutcomeUnknown(Refusal):
    """A referral outcome that is neither approve nor decline."""

    code = "OUTCOME_UNKNOWN"
    en = "Outcome {outcome!r} is unknown; use approve or decline."
    zh = "处理结论 {outcome!r} 无效，请使用 approve（同意）或 decline（拒绝）。"


class NotRiskOfficer(NotAllowed):
    """Only staff with the risk officer's role may resolve a referral."""

    code = "NOT_RISK_OFFICER"


class NoSettlementAccount(Refusal):
    """The firm has no settlement account at the bank to pay out to."""

    code = "NO_SETTLEMENT_ACCOUNT"
    http_status = 409
    en = "Firm {uscc} has no settlement account at the bank; open one, then prepare the contract."
    zh = "企业 {uscc} 在本行没有结算账户，请先开立结算账户，再生成合同。"


class ContractStale(Refusal):
    """The contract was prepared for another business day: its dates no longer hold."""

    code = "CONTRACT_STALE"
    http_status = 409
    en = (
        "Contract {contract_id} was prepared for {prepared_on}, today is {today}; prepare it again."
    )
    zh = "合同 {contract_id} 按 {prepared_on} 制作，今日为 {today}，请重新生成合同。"
