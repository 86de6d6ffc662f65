"""Data to PDF, with typst. The data go in as JSON, never as markup."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pylopdf_fonts_zh_cn
import typst


def typeset(template: Path, data: Mapping[str, Any]) -> bytes:
    """The PDF of a template, which reads `data` by `json(bytes(sys.inputs.data))`.

    Only the fonts that come with the platform are used, so that a text looks the same everywhere.
    """
    fonts = pylopdf_fonts_zh_cn.serif_path().parent
    pdf = typst.compile(
        str(template),
        font_paths=[str(fonts)],
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
    )
    assert isinstance(pdf, bytes)
    return pdf
