"""Keep the Chinese catalogues complete: `.venv/bin/python scripts/messages.py [ROOM ...]`.

Reads every translatable string of a room's templates and Python files (ui, portal, console) and
brings `locale/zh_Hans/LC_MESSAGES/django.po` in line: new strings are added without a translation,
unused ones dropped. Prints what still has none, and compiles the catalogue.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

INTERFACES = Path(__file__).resolve().parent.parent / "src" / "kuaidai" / "interfaces"
ROOMS = ("ui", "portal", "console")
_TEXT = r"u?('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
_CALL = re.compile(rf"\b(ngettext|gettext|_)\(\s*{_TEXT}(?:\s*,\s*{_TEXT})?", re.DOTALL)
_NAMES = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy"}

Message = str | tuple[str, str]


def template_messages(text: str, origin: str) -> Iterator[Message]:
    """The strings of one template, by Django's own reading of it."""
    for call in _CALL.finditer(templatize(text, origin=origin)):
        singular = ast.literal_eval(call[2])
        plural = ast.literal_eval(call[3]) if call[1] == "ngettext" and call[3] else None
        yield singular if plural is None else (singular, plural)


def python_messages(text: str) -> Iterator[Message]:
    """The strings of one Python module."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        first = node.args[0]
        if name not in _NAMES or not isinstance(first, ast.Constant):
            continue
        if name.startswith("n") and isinstance(node.args[1], ast.Constant):
            yield (str(first.value), str(node.args[1].value))
        else:
            yield str(first.value)


def messages_of(room: Path) -> list[Message]:
    """Every translatable string of a room, in the order of its files, once each."""
    found: dict[Message, None] = {}
    for path in sorted(room.rglob("*.html")):
        found.update(dict.fromkeys(template_messages(path.read_text("utf-8"), str(path))))
    for path in sorted(room.rglob("*.py")):
        found.update(dict.fromkeys(python_messages(path.read_text("utf-8"))))
    return list(found)


def catalogue_path(room: Path) -> Path:
    """Where a room's Chinese catalogue lies."""
    return room / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"


def read_catalogue(path: Path) -> Catalog:
    """The catalogue as it is; an empty one if there is none."""
    if not path.exists():
        return Catalog(locale="zh_Hans", project="kuaidai", charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale="zh_Hans")


def untranslated(room: Path) -> list[Message]:
    """Strings of the room without a translation, or with a fuzzy one."""
    catalogue = read_catalogue(catalogue_path(room))

    def lacks(message: Message) -> bool:
        held = catalogue.get(message if isinstance(message, str) else message[0])
        return held is None or held.fuzzy or not held.string or not all(held.string)

    return [message for message in messages_of(room) if lacks(message)]


def update(room: Path) -> Catalog:
    """Bring the room's catalogue in line with its sources, and compile it."""
    path = catalogue_path(room)
    path.parent.mkdir(parents=True, exist_ok=True)
    old = read_catalogue(path)
    new = Catalog(
        locale="zh_Hans",
        project="kuaidai",
        charset="utf-8",
        fuzzy=False,
        header_comment="# Chinese texts; scripts/messages.py keeps them complete.",
        last_translator="kuaidai",
        language_team="zh_Hans",
        msgid_bugs_address="",
        creation_date=old.creation_date,
        revision_date=old.creation_date,
    )
    for message in messages_of(room):
        held = old.get(message if isinstance(message, str) else message[0])
        new.add(message, held.string if held else None)
    with path.open("wb") as file:
        write_po(file, new, width=100, omit_header=False, no_location=True)
    with path.with_suffix(".mo").open("wb") as file:
        write_mo(file, new)
    return new


def main() -> None:
    """Update the rooms named on the command line, or all."""
    missing = 0
    for name in sys.argv[1:] or ROOMS:
        update(INTERFACES / name)
        for message in untranslated(INTERFACES / name):
            missing += 1
            print(f"{name}: no translation for {message!r}", file=sys.stderr)
    sys.exit(1 if missing else 0)


if __name__ == "__main__":
    main()
