"""Form parts shared by portal and console: amounts, refusals as form errors, idempotency keys."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from decimal import Decimal
from types import TracebackType
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import get_language

from kuaidai.kernel.errors import NotFound, Refusal
from kuaidai.kernel.money import MalformedAmount, parse_amount


def refusal_text(refusal: Refusal) -> str:
    """The refusal's message in the reader's language, amounts kept on one line."""
    return refusal.text(get_language() or "zh-hans").replace("¥ ", "¥\u00a0")


class AmountField(forms.CharField):
    """An amount of money as people type it; cleans to `Decimal`."""

    def __init__(self, **options: Any) -> None:
        attributes = {"inputmode": "decimal", "autocomplete": "off"}
        options.setdefault("widget", forms.TextInput(attrs=attributes))
        options.setdefault("max_length", 24)
        super().__init__(**options)

    def clean(self, value: Any) -> Any:
        """The amount; raises `ValidationError` for anything else."""
        text = super().clean(value)
        if not text:
            return None
        try:
            return parse_amount(text)
        except MalformedAmount as refusal:
            raise ValidationError(refusal_text(refusal), code=refusal.code) from refusal

    def prepare_value(self, value: Any) -> Any:
        """What stands in the field: digits without a trailing `.00`."""
        if isinstance(value, Decimal):
            return format(value.normalize() if value == value.to_integral() else value, "f")
        return value


class CodeField(forms.CharField):
    """A one-time code: six digits, paste and autofill welcome."""

    def __init__(self, **options: Any) -> None:
        attributes = {"inputmode": "numeric", "autocomplete": "one-time-code", "maxlength": "12"}
        options.setdefault("widget", forms.TextInput(attrs=attributes))
        super().__init__(**options)

    def clean(self, value: Any) -> Any:
        """The code without the spaces that pasting brings."""
        return "".join(str(super().clean(value)).split())


class Refusals:
    """Turns a `Refusal` raised inside a `with` block into an error of the form.

    Things that may not be known to the asker (`NotFound`) pass through, unless the form names a
    field for their code.
    """

    def __init__(self, form: RefusalForm) -> None:
        self.form = form

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Swallow refusals that became form errors, and nothing else."""
        if not isinstance(error, Refusal):
            return False
        fields = self.form.refusal_fields
        if isinstance(error, NotFound) and error.code not in fields:
            return False
        self.form.refusal = error
        self.form.add_error(fields.get(error.code), refusal_text(error))
        return True


class RefusalForm(forms.Form):
    """A form whose operation may refuse; `refusal_fields` says which field a code belongs to."""

    refusal_fields: ClassVar[Mapping[str, str]] = {}
    refusal: Refusal | None = None

    def __init__(self, *args: Any, **options: Any) -> None:
        options.setdefault("label_suffix", "")
        super().__init__(*args, **options)
        self.use_required_attribute = False

    def refusals(self) -> Refusals:
        """`with form.refusals(): operation(...)`."""
        return Refusals(self)


class KeyedForm(RefusalForm):
    """A form for something that must happen once: a hidden idempotency key, fresh on each page."""

    idempotency_key = forms.CharField(widget=forms.HiddenInput, min_length=8, max_length=64)

    def __init__(self, *args: Any, **options: Any) -> None:
        initial = dict(options.pop("initial", None) or {})
        initial.setdefault("idempotency_key", secrets.token_urlsafe(18))
        super().__init__(*args, initial=initial, **options)

    @staticmethod
    def with_key(sent: QueryDict) -> QueryDict:
        """What was sent, with a fresh key where it has none (previews, confirmation pages)."""
        if "idempotency_key" in sent:
            return sent
        completed = sent.copy()
        completed["idempotency_key"] = secrets.token_urlsafe(18)
        return completed

    @property
    def key(self) -> str:
        """The key of this submission."""
        return str(self.cleaned_data["idempotency_key"])
