"""Reports as one HTML file that needs nothing else, in English and Chinese, for screen and paper."""

from __future__ import annotations

import math
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup


def render_page(package: str, template: str, **values: Any) -> str:
    """The report `template` of `package` (in its folder `templates`), which extends `page.html.j2`.

    Texts are escaped; charts come in as `Markup`. A value the template asks for and does not get is
    an error.
    """
    environment = Environment(
        loader=ChoiceLoader(
            [PackageLoader(package, "templates"), PackageLoader("kuaidai.kernel", "templates")]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=percent, figure=figure, whole=whole)
    return environment.get_template(template).render(**values)


def chart(svg: str) -> Markup:
    """An SVG drawn by this platform, to stand in a page as it is."""
    return Markup(svg)


def percent(value: float | None, places: int = 1) -> str:
    """`4.3 %` from 0.043; a dash for nothing."""
    return "–" if value is None or math.isnan(value) else f"{float(value) * 100:.{places}f} %"


def figure(value: float | None, places: int = 3) -> str:
    """A figure with its places; a dash for nothing."""
    return "–" if value is None or math.isnan(value) else f"{float(value):.{places}f}"


def whole(value: float | None) -> str:
    """A whole number with thousands separated; a dash for nothing."""
    return "–" if value is None else f"{value:,.0f}"
