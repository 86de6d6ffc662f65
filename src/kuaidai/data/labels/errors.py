"""Refusals of the labels room."""

from __future__ import annotations

from kuaidai.kernel.errors import Refusal


class WrongLabelSetting(Refusal):
    """A parameter of labels or of their tables is out of its range."""

    code = "LABEL_SETTING_WRONG"
    en = "Setting {name} is {value}; it must be {rule}."
    zh = "参数 {name} 为 {value}；要求：{rule}。"


class LabelColumnMissing(Refusal):
    """A table lacks a column that labels are computed from."""

    code = "LABEL_COLUMN_MISSING"
    en = "Column {column} of {table} is missing; the table has: {present}. Add it."
    zh = "{table} 缺少字段 {column}；数据表现有字段：{present}。请补充该字段。"


class NoLoans(Refusal):
    """There is no loan, or no month of any loan, to judge."""

    code = "LABELS_NO_LOANS"
    en = (
        "The lake holds {loans} loans and {months} loan months known on {on}; both are needed. "
        "Ingest loans and loan_months, or take a later day."
    )
    zh = (
        "截至 {on}，数据湖中有 {loans} 笔贷款、{months} 条月度表现；两者缺一不可。"
        "请导入 loans 与 loan_months，或选择更晚的日期。"
    )
