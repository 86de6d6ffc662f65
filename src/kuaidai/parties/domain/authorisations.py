"""Authorisations an owner gives: kinds, purposes, and the texts they read.

The clauses follow the trade notes on consent (PIPL 13-17, 23, 24, 28-29; credit-reporting
regulations 13, 18, 20): who, to whom, what from whom, for which purposes, how long, what follows from
refusal, and the rights. A withdrawn authorisation blocks new queries.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kuaidai.kernel.canonical import sha256_hex

TEXT_VERSION = "2026-2"
PURPOSES = ("application", "limit_management", "post_loan_monitoring", "renewal_screening")
VALID_MONTHS = 24


class AuthorisationKind(StrEnum):
    """What an authorisation permits."""

    REGISTRY_AND_COURTS = "registry_and_courts"
    TAX = "tax"
    ENTERPRISE_BUREAU = "enterprise_bureau"
    PERSONAL_BUREAU = "personal_bureau"
    BANK_RELATIONS = "bank_relations"
    TRADE_PLATFORMS = "trade_platforms"
    PERSONAL_INFORMATION = "personal_information"
    AUTOMATED_DECISION = "automated_decision"
    E_SIGNING_AND_DEBIT = "e_signing_and_debit"


@dataclass(frozen=True)
class AuthorisationText:
    """A consent's title and what it covers, in one language."""

    title: str
    scope: str


_ZH = {
    AuthorisationKind.REGISTRY_AND_COURTS: AuthorisationText(
        "工商与司法信息查询授权书",
        "向市场监督管理部门及人民法院公开信息平台查询本企业的登记、变更、行政处罚、经营异常、被执行及失信等信息，"
        "以及授权人本人的被执行及失信信息",
    ),
    AuthorisationKind.TAX: AuthorisationText(
        "涉税信息查询授权书",
        "向税务机关查询本企业的纳税信用等级、申报、缴纳、减免、欠税、增值税发票等涉税信息",
    ),
    AuthorisationKind.ENTERPRISE_BUREAU: AuthorisationText(
        "企业征信查询授权书",
        "向金融信用信息基础数据库及依法设立的征信机构查询本企业的信用报告，并报送本企业的信贷信息",
    ),
    AuthorisationKind.PERSONAL_BUREAU: AuthorisationText(
        "个人征信查询授权书",
        "向金融信用信息基础数据库及依法设立的征信机构查询授权人本人的信用报告，并报送授权人本人的信贷信息",
    ),
    AuthorisationKind.BANK_RELATIONS: AuthorisationText(
        "行内账户与资产信息使用授权书",
        "使用本企业及授权人本人在贷款人处的账户、结算、代发工资、存款、理财、按揭、消费信贷及信用卡信息",
    ),
    AuthorisationKind.TRADE_PLATFORMS: AuthorisationText(
        "交易与政务平台信息查询授权书",
        "向海关、核心企业交易平台、政府采购平台、社会保险经办机构及水电气供应单位查询本企业的报关、订单、"
        "中标、参保缴费及用量缴费信息",
    ),
    AuthorisationKind.PERSONAL_INFORMATION: AuthorisationText(
        "个人信息（含敏感个人信息）处理单独同意书",
        "处理授权人本人的身份、联系方式及金融账户等个人信息，其中金融账户信息属于敏感个人信息，不当使用可能影响财产安全",
    ),
    AuthorisationKind.AUTOMATED_DECISION: AuthorisationText(
        "自动化决策告知与同意书",
        "以评分卡与审批规则对申请作出自动化决策；授权人有权要求说明理由，并有权拒绝仅由自动化方式作出的决定、要求人工复核",
    ),
    AuthorisationKind.E_SIGNING_AND_DEBIT: AuthorisationText(
        "电子签约与扣款授权书",
        "为授权人申请数字证书并以电子签名签署合同，于还款日从本企业结算账户扣收到期应还款项",
    ),
}
_EN = {
    AuthorisationKind.REGISTRY_AND_COURTS: AuthorisationText(
        "Authorisation to query business registry and courts",
        "query the business registry and the courts' public platforms for the firm's registration, changes, "
        "penalties, abnormal listings, enforcement and dishonest-debtor records, and for the authoriser's own "
        "enforcement and dishonest-debtor records",
    ),
    AuthorisationKind.TAX: AuthorisationText(
        "Authorisation to query tax information",
        "query the tax authority for the firm's tax credit grade, filings, payments, reliefs, arrears and VAT "
        "invoices",
    ),
    AuthorisationKind.ENTERPRISE_BUREAU: AuthorisationText(
        "Authorisation to query the enterprise credit bureau",
        "query the national credit database and licensed bureaus for the firm's credit report, and report the "
        "firm's credit to them",
    ),
    AuthorisationKind.PERSONAL_BUREAU: AuthorisationText(
        "Authorisation to query the personal credit bureau",
        "query the national credit database and licensed bureaus for the authoriser's own credit report, and "
        "report the authoriser's credit to them",
    ),
    AuthorisationKind.BANK_RELATIONS: AuthorisationText(
        "Authorisation to use accounts and assets at the lender",
        "use what the lender holds on the firm and the authoriser: accounts, settlement, payroll, deposits, wealth "
        "products, home mortgage, consumer credit and cards",
    ),
    AuthorisationKind.TRADE_PLATFORMS: AuthorisationText(
        "Authorisation to query platforms of trade and administration",
        "query customs, core enterprises' trading platforms, government procurement, the social insurance "
        "authority and the suppliers of electricity, water and gas for the firm's declarations, orders, awards, "
        "contributions, use and payments",
    ),
    AuthorisationKind.PERSONAL_INFORMATION: AuthorisationText(
        "Separate consent to process personal information, sensitive information included",
        "process the authoriser's identity, contact and financial-account data; financial-account data are "
        "sensitive, and their misuse may harm property",
    ),
    AuthorisationKind.AUTOMATED_DECISION: AuthorisationText(
        "Notice of and consent to automated decision-making",
        "decide on the application by scorecard and policy rules; the authoriser may ask for the reasons, refuse a "
        "decision made only by machine, and ask for human review",
    ),
    AuthorisationKind.E_SIGNING_AND_DEBIT: AuthorisationText(
        "Authorisation for electronic signing and direct debit",
        "obtain a digital certificate for the authoriser, sign contracts electronically, and debit amounts due from "
        "the firm's settlement account on due dates",
    ),
}


def authorisation_title(kind: AuthorisationKind, language: str) -> str:
    """The document's title."""
    return (_ZH if language.lower().startswith("zh") else _EN)[kind].title


def authorisation_text(
    kind: AuthorisationKind, language: str, *, lender: str, enterprise_name: str, person_name: str
) -> str:
    """The full text the authoriser reads and agrees to, paragraphs separated by blank lines."""
    if language.lower().startswith("zh"):
        scope = _ZH[kind].scope
        return (
            f"授权人：{person_name}，作为{enterprise_name}（下称“本企业”）的法定代表人或企业主，代表本企业及本人授权。\n\n"
            f"被授权人：{lender}（下称“贷款人”）。\n\n"
            f"授权内容：授权贷款人{scope}。\n\n"
            "使用目的：仅限于审核本次贷款申请、额度管理、贷后管理（含早期预警）以及续贷筛选，不得用于其他目的。\n\n"
            f"授权期限：自签署之日起{VALID_MONTHS}个月；申请未获批准的，自拒绝之日起90日后不再进行新的查询。\n\n"
            "影响告知：不良信息可能影响本次及今后的信贷审批；不同意本授权的，贷款人将无法完成相应审核，可能无法受理申请。\n\n"
            "您的权利：您可随时撤回授权，撤回后贷款人不再进行新的查询，但不影响撤回前已进行的处理；您有权查阅、复制、更正个人信息，"
            "提出异议、投诉，并要求人工复核。相关信息按法律规定的最短必要期限保存。"
        )
    scope = _EN[kind].scope
    return (
        f"Authoriser: {person_name}, as legal representative or owner of {enterprise_name} (the firm), for the firm and "
        f"personally.\n\nAuthorised: {lender} (the lender).\n\n"
        f"What is authorised: the lender may {scope}.\n\n"
        "Purposes: only to examine this loan application, manage the limit, monitor the loan (early warning included) and "
        "screen for renewal.\n\n"
        f"Period: {VALID_MONTHS} months from signing; if the application is declined, no new query after 90 days.\n\n"
        "Consequences: adverse information may affect this and later credit decisions; without this authorisation the lender "
        "cannot complete the examination and may not be able to accept the application.\n\n"
        "Your rights: you may withdraw at any time, after which no new query is made, while what was done before stays "
        "lawful; you may access, copy and correct personal information, dispute, complain, and ask for human review. Data are "
        "kept for the shortest period the law requires."
    )


def text_hash(text: str) -> str:
    """The fingerprint stored with the authorisation: SHA-256 of the text that was shown."""
    return sha256_hex(text.encode())
