"""Refusals of the realism report."""

from __future__ import annotations

from kuaidai.kernel.errors import Refusal


class DropNotUsable(Refusal):
    """The folder is not a data drop, or lacks files the report needs."""

    code = "DROP_NOT_USABLE"
    en = "{value} cannot be compared: {why}. Write a drop with `kuaidai simulate --out FOLDER`."
    zh = "无法比较 {value}：{why}。请先用 `kuaidai simulate --out 目录` 生成数据。"


class RealInvoicesNotUsable(Refusal):
    """The folder of real invoices lacks the files or columns that the report reads."""

    code = "REAL_INVOICES_NOT_USABLE"
    en = (
        "{value} cannot serve as real invoices: {why}. "
        "Give the folder with companies.parquet and invoices_*.parquet."
    )
    zh = (
        "{value} 不能作为真实发票数据：{why}。"
        "请给出含 companies.parquet 与 invoices_*.parquet 的目录。"
    )
