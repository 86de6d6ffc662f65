"""The SQL of recipes. Names of columns and the mapping's own constants go in quoted, values never."""

from __future__ import annotations

from kuaidai.data.lake.reading import sql_text
from kuaidai.data.lake.recipes import PLACE, Condition, Recipe
from kuaidai.data.lake.statements import quoted_name

_MOST_MONTHS = 1200


def text_of(column: str) -> str:
    """A column's value as text; empty text is no value."""
    return f"nullif(trim(CAST({quoted_name(column)} AS VARCHAR)), '')"


def test_of(condition: Condition) -> str:
    """A condition, true or false for every row; a missing value is among none."""
    value = text_of(condition.column)
    if condition.present is not None:
        return f"{value} IS {'NOT ' if condition.present else ''}NULL"
    if condition.among is not None:
        return f"coalesce({_is_among(value, condition.among)}, false)"
    return f"NOT coalesce({_is_among(value, condition.not_in or ())}, false)"


def came(recipe: str | Recipe) -> str:
    """What came, before anything was done with it: shown in quarantine where nothing comes of it."""
    if isinstance(recipe, str):
        return text_of(recipe)
    if recipe.column is not None:
        value = text_of(recipe.column)
        if recipe.blanks:
            value = f"CASE WHEN {_is_among(value, recipe.blanks)} THEN NULL ELSE {value} END"
        return value
    if recipe.constant is not None:
        return _literal(recipe.constant)
    if recipe.text is not None:
        return _filled(recipe.text)
    return f"coalesce({', '.join(map(came, recipe.first_of or ()))})"


def made(recipe: str | Recipe) -> str:
    """What comes of it, as text; NULL where it cannot be done."""
    if isinstance(recipe, str):
        return text_of(recipe)
    before = came(recipe)
    value = before
    if recipe.first_of is not None:
        value = f"coalesce({', '.join(map(made, recipe.first_of))})"
    if recipe.values is not None:
        value = _translated(value, recipe)
    if recipe.is_number:
        value = _number(value, recipe)
    if recipe.date is not None:
        value = f"strftime(try_strptime({value}, {_literal(recipe.date)}), '%Y-%m-%d')"
    if recipe.plus_months is not None:
        value = _later(value, recipe.plus_months)
    if recipe.missing is not None:
        value = f"CASE WHEN {before} IS NULL THEN {_literal(recipe.missing)} ELSE {value} END"
    return value


def _literal(text: str) -> str:
    return f"'{sql_text(text)}'"


def _is_among(value: str, texts: tuple[str, ...]) -> str:
    return f"{value} IN ({', '.join(map(_literal, texts))})" if texts else "false"


def _filled(template: str) -> str:
    """A template's text, NULL where a column has no value."""
    parts, at = [], 0
    for match in PLACE.finditer(template):
        parts.append(_literal(template[at : match.start()]))
        value = text_of(match[1])
        if match[2]:
            width = int(match[2])
            value = f"lpad({value}, greatest({width}, length({value}))::INTEGER, '0')"
        parts.append(value)
        at = match.end()
    return f"({' || '.join([*parts, _literal(template[at:])])})"


def _translated(value: str, recipe: Recipe) -> str:
    cases = " ".join(
        f"WHEN {_literal(known)} THEN {_literal(wanted)}"
        for known, wanted in (recipe.values or {}).items()
    )
    rest = "NULL" if recipe.otherwise is None else _literal(recipe.otherwise)
    return f"CASE WHEN {value} IS NULL THEN NULL ELSE CASE {value} {cases} ELSE {rest} END END"


def _number(value: str, recipe: Recipe) -> str:
    """A number as plain digits with a point; NULL where it is not written as the mapping says."""
    point = _one(recipe.decimal or ".")
    whole = "[0-9]+"
    if recipe.thousands is not None:
        whole = f"([0-9]+|[0-9]{{1,3}}({_one(recipe.thousands)}[0-9]{{3}})+)"
    form = _literal(f"[+-]?{whole}({point}[0-9]*)?")
    plain = value
    if recipe.thousands is not None:
        plain = f"replace({plain}, {_literal(recipe.thousands)}, '')"
    if recipe.decimal is not None:
        plain = f"replace({plain}, {_literal(recipe.decimal)}, '.')"
    number = f"CASE WHEN regexp_full_match({value}, {form}) THEN {plain} END"
    if recipe.times is not None:
        exact = f"TRY_CAST({number} AS DECIMAL(22, 4)) * CAST('{recipe.times}' AS DECIMAL(15, 6))"
        number = f"CAST({exact} AS VARCHAR)"
    if recipe.sign == "drop":
        number = f"ltrim({number}, '+-')"
    if recipe.sign == "flip":
        number = _flipped(number)
    if recipe.negative_if is not None:
        number = (
            f"CASE WHEN {test_of(recipe.negative_if)} THEN {_flipped(number)} ELSE {number} END"
        )
    if recipe.by_sign is not None:
        minus, plus = recipe.by_sign["negative"], recipe.by_sign["positive"]
        number = (
            f"CASE WHEN starts_with({number}, '-') THEN {_literal(minus)} "
            f"WHEN {number} IS NOT NULL THEN {_literal(plus)} END"
        )
    return number


def _one(sign: str) -> str:
    """A regular expression of one sign."""
    return f"\\{sign}" if sign in "^]\\" else f"[{sign}]"


def _flipped(number: str) -> str:
    return f"CASE WHEN starts_with({number}, '-') THEN ltrim({number}, '-') ELSE '-' || ltrim({number}, '+') END"


def _later(value: str, months: int | str) -> str:
    day = f"TRY_CAST(regexp_extract({value}, '^[^ T]+') AS DATE)"
    count = str(months)
    if isinstance(months, str):
        number = f"TRY_CAST({text_of(months)} AS INTEGER)"
        count = f"CASE WHEN {number} BETWEEN 0 AND {_MOST_MONTHS} THEN {number} END"
    return f"strftime({day} + to_months({count}), '%Y-%m-%d')"
