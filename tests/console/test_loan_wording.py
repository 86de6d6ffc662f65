"""The words of a loan's conventions, whichever were agreed."""

from enum import StrEnum
from typing import get_type_hints

import pytest
from django.utils.translation import override

from kuaidai.interfaces.console.loan_wording import convention_value
from kuaidai.lending.servicing.domain.conventions import Conventions

CHOICES = [
    (name, str(value))
    for name, kind in get_type_hints(Conventions).items()
    if isinstance(kind, type) and issubclass(kind, StrEnum) and name != "day_count"
    for value in kind
]


@pytest.mark.parametrize(("name", "value"), CHOICES)
def test_every_choice_of_a_convention_is_told_in_words(name, value) -> None:
    with override("en"):
        english = str(convention_value(name, value))
    with override("zh-hans"):
        chinese = str(convention_value(name, value))
    assert english != value
    assert not chinese.isascii()


def test_one_word_of_two_conventions_is_told_apart() -> None:
    with override("en"):
        assert str(convention_value("broken_period", "actual")) == "as long as it is"
        assert str(convention_value("level_by", "actual")) == "the periods as they are"
        assert convention_value("day_count", "act/360") == "act/360"
