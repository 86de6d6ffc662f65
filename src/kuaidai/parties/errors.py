"""Refusals of parties."""

from kuaidai.kernel.errors import NotFound, Refusal


class UnknownEnterprise(NotFound):
    """The bank knows no firm of this code."""

    code = "UNKNOWN_ENTERPRISE"
    en = "No firm with the unified social credit code {value} is known; check the business licence, or open an account first."
    zh = "未找到统一社会信用代码为 {value} 的企业；请核对营业执照，或先开立结算账户。"


class UnknownPerson(NotFound):
    """The bank knows no such person."""

    code = "UNKNOWN_PERSON"
    en = "No customer is registered under {value}; use the phone number you left with the bank."
    zh = "未找到 {value} 对应的客户；请使用在本行预留的手机号。"


class NotTheOwner(Refusal):
    """The person is not linked to the firm."""

    code, http_status = "NOT_THE_OWNER", 403
    en = (
        "You are not registered as owner or legal representative of the firm {value}; "
        "ask its legal representative to apply, or update the registry first."
    )
    zh = "您不是企业 {value} 的登记企业主或法定代表人；请由其法定代表人申请，或先办理工商变更。"


class AuthorisationMissing(Refusal):
    """A query or step needs an authorisation that is not live."""

    code, http_status = "AUTHORISATION_MISSING", 403
    en = "The authorisation {value} is {why}; give it on the authorisations page and try again."
    zh = "授权「{value}」{why_zh}；请在授权页面完成授权后重试。"


class UnknownAuthorisation(NotFound):
    """No such authorisation of this person."""

    code = "UNKNOWN_AUTHORISATION"
    en = "No authorisation {value} was found; reload the authorisations page."
    zh = "未找到授权 {value}；请刷新授权页面。"


class DropUnreadable(Refusal):
    """The customer files cannot be imported."""

    code = "DROP_UNREADABLE"
    en = "{value} cannot be imported: {why}."
    zh = "无法导入 {value}：{why}。"
