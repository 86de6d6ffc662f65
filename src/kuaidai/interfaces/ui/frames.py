"""What components are fed with: steps, tabs, crumbs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise

Text = str | Promise


@dataclass(frozen=True)
class Step:
    """A step of a journey, for `<c-stepper>`."""

    title: Text
    state: Literal["done", "current", "todo"]


def steps(titles: Sequence[Text], current: int) -> tuple[Step, ...]:
    """Steps of which those before `current` (counted from 0) are done."""
    return tuple(
        Step(title, "done" if n < current else "current" if n == current else "todo")
        for n, title in enumerate(titles)
    )


@dataclass(frozen=True)
class Tab:
    """A tab that is a link, for `<c-tabs>`."""

    title: Text
    href: str
    current: bool = False
    count: int | None = None


@dataclass(frozen=True)
class Crumb:
    """A breadcrumb; the last one has no address."""

    title: Text
    href: str = ""


@dataclass(frozen=True)
class Mark:
    """A status as people see it: word, tone (colour) and icon."""

    word: Text
    tone: Literal["neutral", "positive", "caution", "negative", "notice", "accent"]
    icon: str = ""
