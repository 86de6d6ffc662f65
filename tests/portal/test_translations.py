"""Every text of ui, portal and console has a Chinese translation that keeps the placeholders."""

import re

import pytest
from scripts import messages

ROOMS = ("ui", "portal", "console")
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


@pytest.mark.parametrize("room", ROOMS)
def test_nothing_is_left_untranslated(room):
    assert messages.untranslated(messages.INTERFACES / room) == []


@pytest.mark.parametrize("room", ROOMS)
def test_translations_keep_the_placeholders(room):
    catalogue = messages.read_catalogue(messages.catalogue_path(messages.INTERFACES / room))
    for message in catalogue:
        if not message.id:
            continue
        plural = isinstance(message.id, tuple)
        original = message.id[1] if plural else message.id
        for translation in message.string if plural else (message.string,):
            assert set(PLACEHOLDER.findall(translation)) == set(PLACEHOLDER.findall(original)), (
                original
            )


@pytest.mark.parametrize("room", ROOMS)
def test_the_catalogue_holds_nothing_unused(room):
    used = {
        m if isinstance(m, str) else m[0] for m in messages.messages_of(messages.INTERFACES / room)
    }
    catalogue = messages.read_catalogue(messages.catalogue_path(messages.INTERFACES / room))
    held = {m.id if isinstance(m.id, str) else m.id[0] for m in catalogue if m.id}
    assert held - used == set()


def test_a_text_has_one_translation_in_all_rooms():
    """Django merges the rooms' catalogues: of two translations one would silently win."""
    held = {}
    for room in ROOMS:
        for message in messages.read_catalogue(messages.catalogue_path(messages.INTERFACES / room)):
            if message.id:
                held.setdefault(str(message.id), set()).add(str(message.string))
    assert {text: found for text, found in held.items() if len(found) > 1} == {}


def test_a_missing_translation_is_found(tmp_path):
    room = tmp_path / "room"
    room.mkdir()
    (room / "page.html").write_text("<p title=\"{% translate 'A new text' %}\"></p>")
    (room / "view.py").write_text('label = _("A label")')
    assert messages.untranslated(room) == ["A new text", "A label"]
