"""The colours keep WCAG 2.2 AA contrast in light and dark."""

import re
from pathlib import Path

import pytest

import kuaidai.interfaces.ui as ui

TOKENS = (Path(ui.__file__).parent / "static/ui/css/tokens.css").read_text("utf-8")
LIGHT, DARK = TOKENS.split("prefers-color-scheme: dark")
COLOURS = {
    "light": dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", LIGHT)),
    "dark": dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", DARK)),
}
TEXT = [
    (ink, back)
    for ink in ("ink", "ink-soft", "ink-faint")
    for back in ("paper", "surface", "sunken")
]
TONES = [
    (tone, f"{tone}-soft") for tone in ("positive", "caution", "negative", "notice", "neutral")
]
ACTIONS = [
    ("accent", "surface"), ("accent", "paper"), ("accent", "accent-soft"), ("on-accent", "accent"),
    ("on-accent", "accent-hover"), ("hero-ink", "hero-from"), ("hero-ink", "hero-to"),
    ("hero-ink-soft", "hero-from"), ("hero-ink-soft", "hero-to"), ("negative", "surface"),
    ("ink", "accent-soft"), ("ink-soft", "accent-soft"), ("ink-faint", "accent-soft"),
    ("ink", "notice-soft"), ("ink", "caution-soft"), ("ink", "negative-soft"),
]  # fmt: skip
EDGES = [
    ("line-strong", "surface"),
    ("focus", "surface"),
    ("focus", "paper"),
    ("chart-1", "sunken"),
]


def luminance(colour):
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first, second):
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_black_on_white_is_21_to_1():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back"), TEXT + TONES + ACTIONS)
def test_text_reaches_four_and_a_half(theme, front, back):
    colours = COLOURS[theme]
    assert contrast(colours[front], colours[back]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back"), EDGES)
def test_edges_reach_three(theme, front, back):
    colours = COLOURS[theme]
    assert contrast(colours[front], colours[back]) >= 3
