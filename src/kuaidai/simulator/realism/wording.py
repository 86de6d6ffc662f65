"""Verdicts in Chinese."""

from __future__ import annotations

import re

_WORDS = {
    "apart": "相去较远",
    "somewhat off": "略有偏差",
    "close": "接近",
    "middle lower": "中位偏低",
    "middle higher": "中位偏高",
    "spread narrower": "离散偏小",
    "spread wider": "离散偏大",
    "not shown by payments": "收款无法显示",
    "as published": "与公开一致",
    "within": "在公开区间内",
    "near": "接近",
    "below": "偏低",
    "above": "偏高",
    "no published share": "无公开占比",
    "nothing to count": "无可统计",
}


def in_chinese(verdict: str) -> str:
    """The verdict, part by part.

    >>> in_chinese("apart: middle lower, spread narrower")
    '相去较远，中位偏低，离散偏小'
    """
    return "，".join(_WORDS[part] for part in re.split(r": |, ", verdict))
