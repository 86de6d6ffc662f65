"""Refusals of the quality room."""

from __future__ import annotations

from kuaidai.kernel.errors import Refusal


class WrongQualitySetting(Refusal):
    """A parameter of the screens is out of its range."""

    code = "QUALITY_SETTING_WRONG"
    en = "Setting {name} is {value}; it must be {rule}."
    zh = "参数 {name} 为 {value}；要求：{rule}。"


class QualityColumnMissing(Refusal):
    """A table to be screened lacks a column."""

    code = "QUALITY_COLUMN_MISSING"
    en = "Column {column} is missing; the table has: {present}. Add it or name another table."
    zh = "缺少字段 {column}；数据表现有字段：{present}。请补充该字段或更换数据表。"


class NothingInCommon(Refusal):
    """Two populations share no column that could be compared."""

    code = "POPULATIONS_NOTHING_IN_COMMON"
    en = "The two tables have no feature in common: {left} against {right}. Compare tables of the same catalogue."
    zh = "两张表没有共同的变量：{left} 与 {right}。请比较同一变量目录下的数据表。"


class PopulationEmpty(Refusal):
    """One of two populations has no row."""

    code = "POPULATION_EMPTY"
    en = "The {side} population has no row; both must have some."
    zh = "{side} 样本没有数据行；两个样本都必须有数据。"
