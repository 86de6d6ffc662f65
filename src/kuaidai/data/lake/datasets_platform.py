"""Contracts of what platforms of trade and administration know of a firm, and of what staff saw there."""

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
_MONTH = Column("month", _D, "First day of the month", "月份")
_KNOWN = Column("known_on", _D, "Known on", "数据日期")

ACQUIRING = (
    Dataset(
        "pos_settlements",
        "Card and code payments settled to the firm, by day",
        "收单结算",
        (
            _USCC,
            Column("settled_on", _D, "Settled on", "清算日期"),
            Column("channel", _T, "Channel", "收单渠道", allowed=("card", "code")),
            Column("payments", _I, "Payments", "交易笔数", least=0),
            Column("amount", _M, "Amount before refunds", "交易金额", least=0, unit="CNY"),
            Column("refunds", _M, "Refunds", "退款金额", least=0, unit="CNY"),
        ),
        ("uscc", "settled_on", "channel"),
        "settled_on",
        7,
    ),
)

TRADE = (
    Dataset(
        "customs_declarations",
        "Customs declarations",
        "海关报关单",
        (
            Column("declaration_no", _T, "Declaration number", "报关单号"),
            _USCC,
            Column("declared_on", _D, "Declared on", "申报日期"),
            Column("direction", _T, "Direction", "进出口", allowed=("export", "import")),
            Column(
                "country", _T, "Trading partner (ISO 3166, two letters)", "贸易国", form="[A-Z]{2}"
            ),
            Column("amount", _M, "Value", "货值", least=0.01, unit="CNY"),
        ),
        ("declaration_no",),
        "declared_on",
        62,
    ),
    Dataset(
        "core_enterprise_orders",
        "Orders of core enterprises: what became of each",
        "核心企业订单",
        (
            Column("order_no", _T, "Order number", "订单号"),
            _USCC,
            Column("core_uscc", _T, "Core enterprise's code", "核心企业统一社会信用代码"),
            Column(
                "event",
                _T,
                "What happened",
                "订单事件",
                allowed=("ordered", "delivered", "confirmed", "paid", "returned"),
            ),
            Column("event_on", _D, "On", "发生日期"),
            Column("amount", _M, "Amount", "金额", least=0.01, unit="CNY"),
            Column("due_on", _D, "Payment due on", "应付日期", required=False),
        ),
        ("order_no", "event"),
        "event_on",
        62,
    ),
    Dataset(
        "procurement_awards",
        "Government procurement contracts won",
        "政府采购中标",
        (
            Column("award_no", _T, "Award number", "中标编号"),
            _USCC,
            Column("awarded_on", _D, "Awarded on", "中标日期"),
            Column("purchaser", _T, "Purchaser", "采购人"),
            Column("amount", _M, "Contract amount", "合同金额", least=0.01, unit="CNY"),
            Column("performed_by", _D, "To be performed by", "履约期限", required=False),
        ),
        ("award_no",),
        "awarded_on",
        400,
    ),
)

ADMINISTRATION = (
    Dataset(
        "social_insurance_months",
        "Social insurance by month",
        "社会保险缴纳",
        (
            _USCC,
            _MONTH,
            _KNOWN,
            Column("insured_heads", _I, "Insured employees", "参保人数", least=0),
            Column("due", _M, "Contributions due", "应缴金额", least=0, unit="CNY"),
            Column("paid", _M, "Contributions paid", "实缴金额", least=0, unit="CNY"),
        ),
        ("uscc", "month"),
        "known_on",
        62,
    ),
    Dataset(
        "utilities",
        "Electricity, water and gas by month",
        "水电气用量",
        (
            _USCC,
            _MONTH,
            _KNOWN,
            Column("kind", _T, "Kind", "类别", allowed=("electricity", "water", "gas")),
            Column(
                "used", _N, "Used (kWh for electricity, cubic metres otherwise)", "用量", least=0
            ),
            Column("billed", _M, "Billed", "账单金额", least=0, unit="CNY"),
            Column("late_days", _I, "Days the bill was paid late", "逾期缴费天数", least=0),
        ),
        ("uscc", "month", "kind"),
        "known_on",
        62,
    ),
)

VISITS = (
    Dataset(
        "qualitative_assessments",
        "What account managers saw and typed in",
        "客户经理定性评价",
        (
            _USCC,
            Column("assessed_on", _D, "Assessed on", "评价日期"),
            Column(
                "owner_industry_years",
                _I,
                "Owner's years in the industry",
                "企业主从业年限",
                least=0,
                most=70,
            ),
            Column("premises", _T, "Premises", "经营场所", allowed=("owned", "rented", "none")),
            Column(
                "customers",
                _T,
                "Standing of the main customers",
                "主要客户稳定性",
                allowed=("stable", "changing", "lost"),
            ),
            Column(
                "suppliers",
                _T,
                "Standing of the main suppliers",
                "主要供应商稳定性",
                allowed=("stable", "changing", "lost"),
            ),
            Column(
                "record_keeping",
                _T,
                "Book-keeping",
                "财务记录",
                allowed=("good", "fair", "poor"),
            ),
            Column(
                "site",
                _T,
                "Condition of the site",
                "现场状况",
                allowed=("busy", "normal", "idle", "closed"),
            ),
        ),
        ("uscc", "assessed_on"),
        "assessed_on",
        400,
    ),
)
