"""Components: what they render, and that states are told by words and icons, not by colour alone."""

import pytest
from django.template import Context, engines
from django.utils.translation import override
from django_cotton.compiler_regex import CottonCompiler

from kuaidai.interfaces.ui.forms import KeyedForm, RefusalForm
from kuaidai.interfaces.ui.frames import Crumb, Tab, steps
from kuaidai.interfaces.ui.icons import ICONS
from kuaidai.kernel.errors import NotFound, Refusal


def render(source, **context):
    compiled = CottonCompiler().process(source)
    return engines["django"].engine.from_string(compiled).render(Context(context))


@pytest.mark.parametrize("tone", ["neutral", "positive", "caution", "negative", "notice"])
def test_a_badge_has_an_icon_and_a_word(tone):
    html = render(f'<c-badge tone="{tone}">Paid</c-badge>')
    assert "<svg" in html
    assert "Paid" in html
    assert f"tone-{tone}" in html


def test_the_stepper_says_which_step_is_current():
    html = render(
        '<c-stepper :steps="steps" label="Steps" />', steps=steps(["One", "Two", "Three"], 1)
    )
    assert html.count('aria-current="step"') == 1
    assert html.count('data-state="done"') == 1
    assert html.index("One") < html.index('aria-current="step"') < html.index("Two")


def test_the_last_crumb_is_no_link():
    html = render('<c-breadcrumbs :trail="trail" />', trail=[Crumb("Queue", "/q/"), Crumb("APP-1")])
    assert '<a href="/q/">Queue</a>' in html
    assert '<span aria-current="page">APP-1</span>' in html


def test_the_current_tab_is_marked():
    tabs = [Tab("All", "?", current=True, count=3), Tab("Mine", "?mine")]
    html = render('<c-tabs :tabs="tabs" label="Lists" />', tabs=tabs)
    assert html.count('aria-current="page"') == 1


def test_the_pager_keeps_the_query():
    html = render('<c-pager :page="2" :pages="3" :total="41" query="q=a&" />')
    assert 'href="?q=a&page=1"' in html or 'href="?q=a&amp;page=1"' in html
    assert "page=3" in html


def test_a_wide_table_can_be_scrolled_by_keyboard():
    html = render('<c-table label="Entries" dense><tbody></tbody></c-table>')
    assert 'tabindex="0"' in html
    assert 'aria-label="Entries"' in html
    assert "table-dense" in html


def test_an_unknown_icon_fails():
    with pytest.raises(KeyError):
        render('<c-icon name="nonesuch" />')


def test_every_icon_is_a_path():
    assert all(path.startswith("M") for path in ICONS.values())


class Broke(Refusal):
    code, en, zh = "BROKE", "Not today.", "今天不行。"


def test_a_refusal_becomes_a_form_error():
    form = RefusalForm({})
    assert form.is_valid()
    with override("zh-hans"), form.refusals():
        raise Broke()
    assert form.non_field_errors() == ["今天不行。"]
    assert form.refusal.code == "BROKE"


def test_what_may_not_be_known_is_no_form_error():
    form = RefusalForm({})
    form.is_valid()
    with pytest.raises(NotFound), form.refusals():
        raise NotFound(kind="loan", value="LN-1")


def test_each_page_gets_its_own_key():
    assert KeyedForm().initial["idempotency_key"] != KeyedForm().initial["idempotency_key"]
