"""The words of loans and entries: how often they are paid, by which rules, what they come from."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from kuaidai.interfaces.ui.frames import Text
from kuaidai.lending.ledger.domain.entries import HEAD
from kuaidai.lending.products.catalogue import UnknownProduct, product
from kuaidai.lending.servicing.domain.frequency import Frequency, Unit

_EVERY: Mapping[Unit, Text] = {
    Unit.DAYS: _("daily"),
    Unit.WEEKS: _("weekly"),
    Unit.MONTHS: _("monthly"),
    Unit.YEARS: _("yearly"),
}
_EVERY_MANY: Mapping[Unit, Text] = {
    Unit.DAYS: _("every %(n)s days"),
    Unit.WEEKS: _("every %(n)s weeks"),
    Unit.MONTHS: _("every %(n)s months"),
    Unit.YEARS: _("every %(n)s years"),
}
_VALUES: Mapping[str, Text] = {
    "half-up": _("half up"),
    "half-even": _("half to even"),
    "last-day": _("last day of the month"),
    "first-of-next-month": _("first of the next month"),
    "none": _("not moved"),
    "following": _("next working day"),
    "modified-following": _("next working day of the same month"),
    "preceding": _("working day before"),
    "actual": _("as long as it is"),
    "with-first": _("with the first instalment"),
    "spread": _("spread over all instalments"),
    "nearest": _("to the nearest"),
    "up": _("upwards"),
    "instalment": _("instalment by instalment"),
    "bucket": _("part by part over all instalments"),
    "reduce": _("repays early; smaller instalments"),
    "shorten": _("repays early; fewer instalments"),
    "fill-reduce": _("fills the running instalment; then smaller instalments"),
    "fill-shorten": _("fills the running instalment; then fewer instalments"),
    "fill-skip": _("fills the running instalment; then lets the next ones off"),
    "next-instalment": _("pays the next instalments ahead"),
    "last-instalment": _("pays the last instalments ahead"),
    "reamortise": _("pays all instalments ahead alike"),
    "penalty": _("penalty interest, all of it"),
    "contract": _("contract interest with the running instalment, the rest penalty"),
    "to-the-day": _("to the day"),
    "to-period-end": _("to the end of the period"),
}
_LEVEL_BY: Mapping[str, Text] = {
    "actual": _("the periods as they are"),
    "nominal": _("the annuity formula"),
}

SOURCES: Mapping[str, Text] = {
    "loan": _("Loan"),
    "night": _("Close of day"),
    "provision": _("Loss allowance"),
    "unmatched": _("Money in suspense"),
}
"""What an entry comes from, by its `source_type`."""


def convention_value(name: str, value: object) -> Text:
    """A convention's value in words, by how both are stored; day counts are shown as they are named."""
    words = _LEVEL_BY if name == "level_by" else _VALUES
    return words.get(str(value), str(value))


def paid_every(frequency: Frequency) -> str:
    """How often instalments come: `monthly`, `every 2 weeks`."""
    if frequency.every == 1:
        return str(_EVERY[frequency.unit])
    return str(_EVERY_MANY[frequency.unit]) % {"n": frequency.every}


def product_name(code: str) -> dict[str, str]:
    """A product's names by language; its code where the catalogue does not know it."""
    if code == HEAD:
        return {"en": "–", "zh": "–"}
    try:
        found = product(code)
    except UnknownProduct:
        return {"en": code, "zh": code}
    return {"en": found.name_en, "zh": found.name_zh}
