"""The words of statements, English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "statement": ("Account statement", "对账单"),
    "monthly_statement": ("Monthly statement", "月度对账单"),
    "schedule": ("Repayment schedule", "还款计划表"),
    "facility_statement": ("Statement of the credit line", "额度对账单"),
    "borrower": ("Borrower", "借款人"),
    "lender": ("Lender", "贷款人"),
    "loan": ("Loan", "借据编号"),
    "facility": ("Credit line", "额度编号"),
    "granted": ("Limit", "授信额度"),
    "used": ("In use", "已用额度"),
    "period": ("Period", "期间"),
    "as_of": ("As of", "截至日期"),
    "principal_drawn": ("Amount drawn", "借款金额"),
    "drawn_on": ("Drawn on", "借款日"),
    "matures_on": ("Matures on", "到期日"),
    "rate": ("Annual rate (simple)", "年利率（单利）"),
    "annualised": ("Annualised rate (IRR)", "年化利率（内部收益率）"),
    "nominal": ("monthly IRR × 12", "月内部收益率 × 12"),
    "effective": ("effective", "复利口径"),
    "no": ("No.", "期"),
    "due": ("Due", "应还日"),
    "date": ("Date", "日期"),
    "what": ("What happened", "摘要"),
    "money": ("Money", "发生额"),
    "principal": ("Principal", "本金"),
    "interest": ("Interest", "利息"),
    "late": ("Penalty and compound", "罚息及复利"),
    "fee": ("Fees", "费用"),
    "total": ("Total", "合计"),
    "paid": ("Paid", "已还"),
    "owed": ("Owed", "欠款余额"),
    "outstanding": ("Principal left", "剩余本金"),
    "opening": ("Opening balance", "期初余额"),
    "closing": ("Closing balance", "期末余额"),
    "surplus": ("of it more than was owed", "其中多收款"),
    "claim": ("Claim written off", "已核销债权"),
    "signs": (
        "Amounts in CNY. A plus is owed more, a minus is paid or forgiven.",
        "单位：人民币元。正数为欠款增加，负数为归还或减免。",
    ),
    "now": (
        "As known on the day of issue: reversed entries are left out, corrections stand on the day they count from.",
        "按出具日已知信息编制：已冲正事项不列示，更正事项列示于其生效日。",
    ),
    "issued": (
        "As known when the month was closed; what was booked later stands in the statement of its month.",
        "按当月末日终时已知信息编制；其后入账的更正列示于入账当月的对账单。",
    ),
}

KINDS: Mapping[str, tuple[str, str]] = {
    "drawdown": ("Drawdown", "放款"),
    "disbursement": ("Drawdown", "放款"),
    "earned": ("Interest earned", "计息"),
    "payment": ("Repayment", "还款"),
    "payoff": ("Repayment in full", "结清"),
    "charge": ("Costs charged", "收取费用"),
    "waiver": ("Waiver", "减免"),
    "rate_change": ("New rate", "利率调整"),
    "misuse": ("Misuse of the money", "挪用认定"),
    "extension": ("Extension", "展期"),
    "restructuring": ("Restructuring", "重组"),
    "non_accrual": ("Accrual stopped", "停止计提"),
    "accrual_resumed": ("Accrual resumed", "恢复计提"),
    "write_off": ("Write-off", "核销"),
    "reversal": ("Reversal", "冲正"),
    "corrected": ("Correction of earlier months", "前期更正"),
}
"""What happened, by the kind of a statement's line or of an event."""


def word(name: str, language: str) -> str:
    """A word in the language: Chinese for any tag that begins with `zh`, else English."""
    return WORDS[name][language.lower().startswith("zh")]


def kind_word(kind: str, language: str) -> str:
    """What happened, in words."""
    return KINDS[kind][language.lower().startswith("zh")]
