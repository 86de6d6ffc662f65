"""Formats, icons and the few lookups that templates need: `{% load ui %}`."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django import template
from django.conf import settings
from django.forms import BoundField
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from kuaidai.foundation.errors import NoBusinessDate
from kuaidai.foundation.queries import business_date
from kuaidai.interfaces.ui import formats
from kuaidai.interfaces.ui.icons import ICONS

register = template.Library()


@register.filter
def money(amount: Decimal | None) -> SafeString:
    """`¥ 1,234.00` in tabular figures, never broken over lines."""
    return format_html('<span class="numeric nowrap">{}</span>', formats.money(amount))


@register.filter
def money_short(amount: Decimal | None) -> SafeString:
    """`¥ 30 万`, with the exact figure on hover and for readers of the screen."""
    return format_html(
        '<span class="numeric nowrap" title="{}">{}</span>',
        formats.money(amount),
        formats.money_short(amount),
    )


@register.filter
def figures(amount: Decimal | None) -> SafeString:
    """`1,234.00` without the currency sign, for columns whose heading or context names it."""
    text = formats.money(amount).replace("¥\u00a0", "")
    return format_html('<span class="numeric nowrap">{}</span>', text)


@register.filter
def money_plain(amount: Decimal | None) -> str:
    """The money text without markup, for attributes and titles."""
    return formats.money(amount)


@register.filter
def rate(fraction: Decimal | None, places: int = 2) -> SafeString:
    """`4.35%` from the fraction 0.0435."""
    return format_html('<span class="numeric nowrap">{}</span>', formats.rate(fraction, places))


@register.filter
def day(on: date | datetime | None) -> SafeString:
    """A day in the reader's long form, machine-readable."""
    if on is None:
        return mark_safe(formats.NOTHING)
    value = on.date() if isinstance(on, datetime) else on
    return format_html(
        '<time class="nowrap" datetime="{}">{}</time>', value.isoformat(), formats.day(on)
    )


@register.filter
def moment(at: datetime | None) -> str:
    """Day and time of day, local."""
    return formats.moment(at)


@register.filter
def iso(on: date | datetime | None) -> SafeString:
    """A day or moment in ISO form, for staff."""
    return format_html('<span class="numeric nowrap">{}</span>', formats.iso(on))


@register.filter
def duration(seconds: int | None) -> str:
    """Hours, minutes and seconds: `0:04:09`."""
    if seconds is None:
        return formats.NOTHING
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


@register.filter
def grouped(count: int) -> str:
    """A whole number with its thousands apart: `12,345`."""
    return f"{count:,}"


@register.filter
def masked(value: str | None) -> SafeString:
    """An identifier with its middle hidden."""
    return format_html('<span class="numeric nowrap">{}</span>', formats.masked(value))


@register.filter
def masked_account(value: str | None) -> str:
    """An account number by its last four digits."""
    return formats.masked_account(value)


@register.filter
def percent_of(part: Decimal, whole: Decimal) -> str:
    """`part / whole` as a CSS percentage between 0% and 100%."""
    if not whole:
        return "0%"
    share = min(max(Decimal(part) / Decimal(whole), Decimal(0)), Decimal(1)) * 100
    return f"{share.quantize(Decimal('0.1'), rounding=ROUND_HALF_UP)}%"


@register.filter
def either(thing: Any, name: str) -> str:
    """The text of a two-language thing in the reader's language.

    `{{ purpose|either:"title" }}` reads `title_zh` or `title_en`; with an empty name `zh` or `en`.
    """
    suffix = "zh" if formats.is_chinese() else "en"
    key = f"{name}_{suffix}" if name else suffix
    return str(thing[key] if isinstance(thing, Mapping) else getattr(thing, key))


@register.filter
def lookup(mapping: Mapping[Any, Any], key: Any) -> Any:
    """`mapping[key]`, or an empty text."""
    return mapping.get(key, "")


@register.filter
def paragraphs(text: str) -> list[str]:
    """The paragraphs of a text, which blank lines separate."""
    return [part.strip() for part in text.split("\n\n") if part.strip()]


@register.simple_tag
def icon(name: str, title: str = "") -> SafeString:
    """An icon; decorative unless `title` is given."""
    path = ICONS[name]
    if title:
        return format_html(
            '<svg class="icon" viewBox="0 0 24 24" role="img" aria-label="{}"><path d="{}"/></svg>',
            title,
            path,
        )
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="{}"/></svg>', path
    )


@register.filter
def is_invalid(field: BoundField) -> bool:
    """Whether a submitted field has errors."""
    return bool(field.errors)


@register.simple_tag
def widget_kind(field: BoundField) -> str:
    """The input type of a field's widget, to choose how to lay it out."""
    return str(getattr(field.field.widget, "input_type", "") or "textarea")


@register.simple_tag
def fresh_key() -> str:
    """A new idempotency key for a form."""
    return secrets.token_urlsafe(18)


@register.simple_tag
def lender_name() -> str:
    """The lender's name from the settings."""
    return str(settings.KUAIDAI.lender_name)


@register.simple_tag
def business_day() -> date | None:
    """The bank's business date; None before the bank is opened."""
    try:
        return business_date()
    except NoBusinessDate:
        return None


@register.simple_tag
def sms_inbox() -> str:
    """The address of the demo's text-message inbox; empty outside demo and debug."""
    known = settings.KUAIDAI
    return f"{known.platform_url}/sms" if known.demo or known.debug else ""


@register.simple_tag
def other_language() -> tuple[str, str]:
    """Code and name of the language to switch to."""
    current = (get_language() or settings.LANGUAGE_CODE).lower()
    codes = dict(settings.LANGUAGES)
    code = next(code for code in codes if code[:2] != current[:2])
    return code, str(codes[code])


@register.simple_tag(takes_context=True)
def current_if(context: template.Context, *names: str) -> SafeString:
    """`aria-current="page"` when the page's view name starts with one of `names`."""
    request = context.get("request")
    match = getattr(request, "resolver_match", None)
    here = match.view_name if match else ""
    return mark_safe('aria-current="page"') if here.startswith(names) else mark_safe("")
