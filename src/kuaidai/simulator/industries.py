"""Industries and provinces of the simulated economy, with the figures that shape a firm's trade."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Industry:
    """One division of GB/T 4754 and how its small firms trade.

    `purchases`, `payroll`, `rent` are shares of sales; `margin` is profit before tax of a firm of
    ordinary health; `sales_per_month` how many receipts a middling firm books; `season` the height
    of the yearly swing and `peak` its month; `beta` how strongly the industry feels the economy;
    `retail` firms also sell on rest days.
    """

    code: str
    name_zh: str
    weight: float
    purchases: float
    payroll: float
    rent: float
    sales_per_month: float
    season: float
    peak: int
    beta: float
    vat_rate: float
    retail: bool


INDUSTRIES: tuple[Industry, ...] = (
    Industry("13", "农副食品加工", 0.08, 0.68, 0.10, 0.02, 10, 0.25, 1, 0.6, 0.020, False),
    Industry("17", "纺织", 0.08, 0.62, 0.16, 0.02, 8, 0.20, 10, 1.2, 0.025, False),
    Industry("33", "金属制品", 0.10, 0.63, 0.14, 0.02, 8, 0.10, 11, 1.3, 0.030, False),
    Industry("48", "土木工程建筑", 0.08, 0.60, 0.18, 0.01, 6, 0.30, 12, 1.4, 0.028, False),
    Industry("51", "批发", 0.20, 0.80, 0.05, 0.02, 13, 0.12, 12, 1.0, 0.015, False),
    Industry("52", "零售", 0.16, 0.68, 0.09, 0.06, 24, 0.25, 1, 0.8, 0.018, True),
    Industry("54", "道路运输", 0.08, 0.55, 0.20, 0.02, 12, 0.10, 11, 1.0, 0.025, False),
    Industry("62", "餐饮", 0.10, 0.45, 0.24, 0.10, 26, 0.20, 2, 1.1, 0.022, True),
    Industry("65", "软件和信息技术服务", 0.05, 0.25, 0.42, 0.05, 6, 0.18, 12, 0.7, 0.032, False),
    Industry("72", "商务服务", 0.07, 0.35, 0.34, 0.05, 9, 0.12, 12, 0.9, 0.030, False),
)

PROVINCES: tuple[tuple[str, str, float], ...] = (
    ("32", "江苏", 0.18),
    ("33", "浙江", 0.18),
    ("44", "广东", 0.20),
    ("37", "山东", 0.12),
    ("41", "河南", 0.10),
    ("51", "四川", 0.10),
    ("42", "湖北", 0.07),
    ("61", "陕西", 0.05),
)
"""Two-digit code, short name, share of firms."""
