"""Contracts of what the bank itself knows of a firm and its owner."""

from __future__ import annotations

from kuaidai.data.lake.contract import Column, ColumnType, Dataset

_T, _I, _N, _M, _D = (
    ColumnType.TEXT,
    ColumnType.INTEGER,
    ColumnType.NUMBER,
    ColumnType.MONEY,
    ColumnType.DATE,
)
_USCC = Column("uscc", _T, "Unified social credit code", "统一社会信用代码")
_PERSON = Column("person_id", _T, "Customer number of the person", "个人客户号")

BANK_FIRM = (
    Dataset(
        "accounts",
        "Settlement accounts of firms",
        "对公结算账户",
        (
            Column("account_no", _T, "Account number", "账号"),
            _USCC,
            Column("opened_on", _D, "Opened on", "开户日期"),
            Column("kind", _T, "Kind", "账户类型", allowed=("basic", "general")),
            Column("currency", _T, "Currency (ISO 4217)", "币种", form="[A-Z]{3}"),
            Column(
                "held_at",
                _T,
                "Held at this bank or another",
                "开户行",
                required=False,
                allowed=("here", "elsewhere"),
            ),
        ),
        ("account_no",),
        "opened_on",
        36500,
    ),
    Dataset(
        "transactions",
        "Settlement transactions",
        "结算流水",
        (
            Column("transaction_id", _T, "Transaction number", "交易流水号"),
            Column("account_no", _T, "Account number", "账号"),
            _USCC,
            Column("booked_on", _D, "Booked on", "记账日期"),
            Column("direction", _T, "Direction", "借贷方向", allowed=("credit", "debit")),
            Column("amount", _M, "Amount", "金额", least=0.01, unit="CNY"),
            Column("counterparty", _T, "Counterparty token", "对手方标识", required=False),
            Column(
                "purpose",
                _T,
                "Purpose",
                "用途",
                allowed=(
                    "sales",
                    "purchase",
                    "payroll",
                    "tax",
                    "rent",
                    "utilities",
                    "cash",
                    "loan_in",
                    "loan_repayment",
                    "transfer_own",
                    "returned",
                    "other",
                ),
            ),
            Column("sequence", _I, "Order within the day", "当日顺序号", required=False, least=0),
            Column(
                "balance_after", _M, "Balance after it", "交易后余额", required=False, unit="CNY"
            ),
        ),
        ("transaction_id",),
        "booked_on",
        7,
    ),
    Dataset(
        "daily_balances",
        "End-of-day balances",
        "日终余额",
        (
            Column("account_no", _T, "Account number", "账号"),
            _USCC,
            Column("balance_on", _D, "Date", "日期"),
            Column("balance", _M, "Balance", "余额", unit="CNY"),
        ),
        ("account_no", "balance_on"),
        "balance_on",
        7,
    ),
    Dataset(
        "payroll_runs",
        "Payroll paid through the bank",
        "代发工资",
        (
            _USCC,
            Column("paid_on", _D, "Paid on", "代发日期"),
            Column("heads", _I, "Employees paid", "代发人数", least=0),
            Column("amount", _M, "Amount", "金额", least=0, unit="CNY"),
        ),
        ("uscc", "paid_on"),
        "paid_on",
        62,
    ),
    Dataset(
        "financial_assets",
        "Financial assets at the bank by month (firm or person)",
        "金融资产月日均",
        (
            Column("subject", _T, "Firm (USCC) or person (customer number)", "主体标识"),
            Column("month", _D, "First day of the month", "月份"),
            Column("known_on", _D, "Known on", "数据日期"),
            Column(
                "deposits_average", _M, "Daily average deposits", "存款日均", least=0, unit="CNY"
            ),
            Column(
                "wealth_average",
                _M,
                "Daily average wealth products",
                "理财日均",
                least=0,
                unit="CNY",
            ),
        ),
        ("subject", "month"),
        "known_on",
        62,
    ),
    Dataset(
        "loans",
        "Loans granted by the bank to firms",
        "贷款台账",
        (
            Column("loan_no", _T, "Loan number", "借据号"),
            _USCC,
            Column("granted_on", _D, "Granted on", "放款日期"),
            Column("matures_on", _D, "Matures on", "到期日"),
            Column("principal", _M, "Principal", "本金", least=0.01, unit="CNY"),
            Column("annual_rate", _N, "Annual rate", "年利率", least=0, most=1),
        ),
        ("loan_no",),
        "granted_on",
        400,
    ),
    Dataset(
        "loan_months",
        "Delinquency panel of the bank's loans",
        "贷款月度表现",
        (
            Column("loan_no", _T, "Loan number", "借据号"),
            _USCC,
            Column("month_end", _D, "Month end", "月末"),
            Column("outstanding", _M, "Principal outstanding", "本金余额", least=0, unit="CNY"),
            Column("days_past_due", _I, "Days past due", "逾期天数", least=0),
            Column("monthly_due", _M, "Due in the month", "当月应还", least=0, unit="CNY"),
        ),
        ("loan_no", "month_end"),
        "month_end",
        62,
    ),
)

BANK_OWNER = (
    Dataset(
        "owner_assets",
        "Owner's household assets by month",
        "企业主资产",
        (
            _PERSON,
            Column("month", _D, "First day of the month", "月份"),
            Column("known_on", _D, "Known on", "数据日期"),
            Column(
                "property_value",
                _M,
                "Property value (bank's appraisal)",
                "房产评估值",
                least=0,
                unit="CNY",
            ),
            Column(
                "mortgage_balance",
                _M,
                "Home mortgage outstanding",
                "住房按揭余额",
                least=0,
                unit="CNY",
            ),
            Column(
                "mortgage_months_paid",
                _I,
                "Mortgage months paid on time",
                "按揭正常还款月数",
                least=0,
            ),
        ),
        ("person_id", "month"),
        "known_on",
        62,
    ),
    Dataset(
        "owner_credit",
        "Owner's credit at the bank by month",
        "企业主在我行信贷",
        (
            _PERSON,
            Column("month", _D, "First day of the month", "月份"),
            Column("known_on", _D, "Known on", "数据日期"),
            Column("card_limit", _M, "Card limit", "信用卡额度", least=0, unit="CNY"),
            Column("card_balance", _M, "Card balance", "信用卡余额", least=0, unit="CNY"),
            Column("consumer_balance", _M, "Consumer loans", "消费贷款余额", least=0, unit="CNY"),
            Column("max_dpd", _I, "Most days past due in the month", "当月最大逾期天数", least=0),
        ),
        ("person_id", "month"),
        "known_on",
        62,
    ),
)
