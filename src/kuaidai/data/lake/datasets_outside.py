"""Contracts of what outside platforms know: registry, tax, courts, bureaus, invoices."""

from __future__ import annotations

from kuaidai.data.lake.contract import Column, ColumnType, Dataset
from kuaidai.kernel.identifiers import INDUSTRY_FORM, PROVINCE_FORM

_T, _I, _N, _M, _B, _D = (
    ColumnType.TEXT,
    ColumnType.INTEGER,
    ColumnType.NUMBER,
    ColumnType.MONEY,
    ColumnType.BOOLEAN,
    ColumnType.DATE,
)
_USCC = Column("uscc", _T, "Unified social credit code", "统一社会信用代码")
_PERSON = Column("person_id", _T, "Customer number of the person", "个人客户号")
_CLASSES = ("pass", "special_mention", "substandard", "doubtful", "loss")

REGISTRY = (
    Dataset(
        "enterprises",
        "Business registry extract",
        "工商登记信息",
        (
            _USCC,
            Column("name", _T, "Registered name", "企业名称"),
            Column("kind", _T, "Kind of firm", "主体类型", allowed=("company", "sole_trader")),
            Column(
                "industry_code",
                _T,
                "Industry (GB/T 4754 division, two digits)",
                "行业代码",
                form=INDUSTRY_FORM,
            ),
            Column(
                "province_code", _T, "Province (two digits)", "省级行政区划代码", form=PROVINCE_FORM
            ),
            Column("established_on", _D, "Established on", "成立日期"),
            Column("registered_capital", _M, "Registered capital", "注册资本", least=0, unit="CNY"),
            Column("paid_in_capital", _M, "Paid-in capital", "实缴资本", least=0, unit="CNY"),
            Column("employees", _I, "Employees in the annual report", "从业人数", least=0),
            Column(
                "status",
                _T,
                "Registration status",
                "登记状态",
                allowed=("open", "suspended", "revoked", "cancelled"),
            ),
            Column("as_of", _D, "As of", "数据日期"),
        ),
        ("uscc", "as_of"),
        "as_of",
        400,
    ),
    Dataset(
        "owners",
        "Owners and legal representatives",
        "企业主与法定代表人",
        (
            _USCC,
            _PERSON,
            Column("name", _T, "Name", "姓名", personal=True),
            Column("resident_id", _T, "Resident ID number", "居民身份证号码", personal=True),
            Column("phone", _T, "Mobile number", "手机号码", personal=True),
            Column("birth_date", _D, "Birth date", "出生日期"),
            Column("role", _T, "Role", "身份", allowed=("legal_representative", "shareholder")),
            Column("share", _N, "Share held", "持股比例", least=0, most=1),
            Column("married", _B, "Married", "是否已婚", required=False),
            Column("since", _D, "Since", "任职起始日"),
        ),
        ("uscc", "person_id"),
        "since",
        36500,
    ),
    Dataset(
        "registry_events",
        "Registry changes and listings",
        "工商变更与公示事项",
        (
            _USCC,
            Column("event_id", _T, "Event number", "事项编号"),
            Column("event_on", _D, "Date", "发生日期"),
            Column(
                "kind",
                _T,
                "Kind",
                "事项类型",
                allowed=(
                    "legal_representative_change",
                    "controller_change",
                    "address_change",
                    "scope_change",
                    "capital_change",
                    "abnormal_listed",
                    "abnormal_lifted",
                    "serious_violation_listed",
                    "penalty",
                    "equity_pledge",
                ),
            ),
        ),
        ("uscc", "event_id"),
        "event_on",
        400,
    ),
)

TAX = (
    Dataset(
        "tax_filings",
        "Tax filings by month",
        "纳税申报",
        (
            _USCC,
            Column("period", _D, "First day of the tax month", "税款所属期"),
            Column("filed_on", _D, "Filed on", "申报日期"),
            Column("due_on", _D, "Filing due on", "申报截止日"),
            Column("sales_declared", _M, "Sales declared", "申报销售额", least=0, unit="CNY"),
            Column("vat_declared", _M, "VAT declared", "申报增值税", least=0, unit="CNY"),
            Column(
                "cit_declared",
                _M,
                "Corporate income tax declared",
                "申报企业所得税",
                least=0,
                unit="CNY",
            ),
            Column("tax_paid", _M, "Tax paid", "实缴税额", least=0, unit="CNY"),
            Column(
                "tax_relieved", _M, "Tax relieved or refunded", "减免退税额", least=0, unit="CNY"
            ),
            Column("arrears", _M, "Arrears outstanding", "欠税余额", least=0, unit="CNY"),
        ),
        ("uscc", "period"),
        "filed_on",
        62,
    ),
    Dataset(
        "tax_ratings",
        "Tax credit grades by year",
        "纳税信用等级",
        (
            _USCC,
            Column("year", _I, "Year judged", "评价年度", least=2014, most=2100),
            Column("grade", _T, "Grade", "等级", allowed=("A", "B", "M", "C", "D")),
            Column("published_on", _D, "Published on", "发布日期"),
        ),
        ("uscc", "year"),
        "published_on",
        800,
    ),
)

COURTS = (
    Dataset(
        "court_cases",
        "Court cases and lists",
        "司法案件与名单",
        (
            Column("subject", _T, "Firm (USCC) or person (customer number)", "主体标识"),
            Column("case_no", _T, "Case number", "案号"),
            Column(
                "kind",
                _T,
                "Kind",
                "类型",
                allowed=(
                    "judgment",
                    "enforcement",
                    "dishonest",
                    "spending_limit",
                    "freeze",
                    "bankruptcy",
                ),
            ),
            Column("filed_on", _D, "Filed on", "立案日期"),
            Column("amount", _M, "Amount", "标的金额", least=0, unit="CNY"),
            Column("closed_on", _D, "Closed on", "结案日期", required=False),
        ),
        ("case_no",),
        "filed_on",
        400,
    ),
)

BUREAUS = (
    Dataset(
        "bureau_enterprise",
        "Enterprise credit report, monthly",
        "企业征信报告",
        (
            _USCC,
            Column("report_on", _D, "Report date", "报告日期"),
            Column("other_lenders", _I, "Other banks lending", "他行授信机构数", least=0),
            Column(
                "credit_outstanding",
                _M,
                "Credit outstanding elsewhere",
                "他行信贷余额",
                least=0,
                unit="CNY",
            ),
            Column(
                "mortgage_outstanding",
                _M,
                "Of it secured by mortgage",
                "其中抵押贷款余额",
                least=0,
                unit="CNY",
            ),
            Column(
                "worst_open_class",
                _T,
                "Worst class of open loans",
                "未结清最差五级分类",
                allowed=_CLASSES,
            ),
            Column(
                "worst_settled_class",
                _T,
                "Worst class of settled loans",
                "已结清最差五级分类",
                allowed=_CLASSES,
            ),
            Column("overdue_amount", _M, "Overdue now", "当前逾期金额", least=0, unit="CNY"),
            Column(
                "overdue_months_24m",
                _I,
                "Months overdue of the last 24",
                "近24个月逾期月数",
                least=0,
                most=24,
            ),
            Column("guarantees_given", _M, "Guarantees given", "对外担保余额", least=0, unit="CNY"),
            Column(
                "queries_6m", _I, "Loan queries in 6 months", "近6个月贷款审批查询次数", least=0
            ),
            Column("written_off", _B, "Debt ever written off", "是否有核销"),
        ),
        ("uscc", "report_on"),
        "report_on",
        62,
    ),
    Dataset(
        "bureau_owner",
        "Personal credit report of the owner, monthly",
        "个人征信报告",
        (
            _PERSON,
            Column("report_on", _D, "Report date", "报告日期"),
            Column(
                "max_dpd_24m",
                _I,
                "Most days past due in 24 months",
                "近24个月最大逾期天数",
                least=0,
            ),
            Column(
                "overdue_months_24m",
                _I,
                "Months overdue of the last 24",
                "近24个月逾期月数",
                least=0,
                most=24,
            ),
            Column("overdue_amount", _M, "Overdue now", "当前逾期金额", least=0, unit="CNY"),
            Column(
                "queries_6m", _I, "Loan and card queries in 6 months", "近6个月查询次数", least=0
            ),
            Column("open_lenders", _I, "Lenders with open loans", "在贷机构数", least=0),
            Column(
                "nonbank_outstanding", _M, "Owed to non-banks", "非银贷款余额", least=0, unit="CNY"
            ),
            Column(
                "business_outstanding",
                _M,
                "Personal business loans",
                "个人经营贷款余额",
                least=0,
                unit="CNY",
            ),
            Column("card_limit", _M, "Card limits", "信用卡授信额度", least=0, unit="CNY"),
            Column("card_used", _M, "Card balances", "信用卡已用额度", least=0, unit="CNY"),
            Column(
                "worst_class", _T, "Worst class of open loans", "最差五级分类", allowed=_CLASSES
            ),
            Column("months_of_history", _I, "Months of credit history", "信用历史月数", least=0),
        ),
        ("person_id", "report_on"),
        "report_on",
        62,
    ),
)

INVOICES = (
    Dataset(
        "invoices",
        "VAT invoices",
        "增值税发票",
        (
            _USCC,
            Column("invoice_no", _T, "Invoice number", "发票号码"),
            Column("line", _I, "Line within the number", "行号", least=1),
            Column("issued_on", _D, "Issued on", "开票日期"),
            Column("side", _T, "Purchase or sale", "进项或销项", allowed=("in", "out")),
            Column("counterparty", _T, "Counterparty code", "对方单位代号"),
            Column("amount", _M, "Amount without tax", "金额", unit="CNY"),
            Column("tax", _M, "Tax", "税额", unit="CNY"),
            Column("amount_with_tax", _M, "Amount with tax", "价税合计", unit="CNY"),
            Column("status", _T, "Status", "发票状态", allowed=("valid", "void")),
        ),
        ("uscc", "side", "invoice_no", "line"),
        "issued_on",
        36500,
    ),
)
