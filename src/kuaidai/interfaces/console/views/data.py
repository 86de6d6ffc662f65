"""The bank's data: how every dataset stands, its quality by month, and what was refused.

Everything shown is read from the lake's manifest, from profiles kept by `kuaidai lake quality`, and
from quarantine files; nothing is counted while a page waits.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from kuaidai.data.lake import IngestRun, Lake
from kuaidai.data.lake.datasets import DATASETS
from kuaidai.data.quality.profile import Profile
from kuaidai.data.quality.store import ProfileStore, StoredProfile
from kuaidai.data.quality.wording import detail_of
from kuaidai.interfaces.console import wording
from kuaidai.interfaces.console.access import Staff, data_page
from kuaidai.interfaces.ui import formats
from kuaidai.interfaces.ui.frames import Crumb
from kuaidai.kernel.errors import NotFound

ROWS_SHOWN = 20
RUNS_SHOWN = 20
FINDINGS_SHOWN = 40
_FIELDS = {"missing": "missing", "outliers": "outliers", "drift": "psi"}


def _lake() -> Lake:
    """This installation's lake."""
    return Lake(settings.KUAIDAI.lake, personal_key=settings.KUAIDAI.field_key)


def _store() -> ProfileStore:
    return ProfileStore(settings.KUAIDAI.quality_folder)


@data_page
def overview(request: HttpRequest, staff: Staff) -> HttpResponse:
    """Every dataset's standing, as `kuaidai lake status` says, and the newest runs."""
    lake, store = _lake(), _store()
    runs = lake.runs()
    rows = []
    for status in lake.status(on=staff.on):
        kept = store.load(status.dataset)
        rows.append(
            {
                "contract": DATASETS[status.dataset],
                "status": status,
                "rate": _quarantine_rate(run for run in runs if run.dataset == status.dataset),
                "mark": wording.FRESHNESS_MARKS[status.stale if status.runs else None],
                "findings": None if kept is None else len(kept.profile.findings),
            }
        )
    seen = {"staff": staff, "rows": rows, "runs": _newest(runs), "any_run": bool(runs)}
    return render(request, "console/data.html", seen)


@data_page
def dataset(request: HttpRequest, staff: Staff, name: str) -> HttpResponse:
    """One dataset: standing, quality by month, refused rows, runs."""
    if name not in DATASETS:
        raise NotFound(kind="dataset", value=name)
    lake = _lake()
    contract = DATASETS[name]
    status = next(s for s in lake.status(on=staff.on) if s.dataset == name)
    runs = tuple(run for run in lake.runs() if run.dataset == name)
    kept = _store().load(name)
    refused = lake.quarantine(name, limit=ROWS_SHOWN)
    title = contract.title_zh if formats.is_chinese() else contract.title_en
    seen = {
        "staff": staff,
        "contract": contract,
        "trail": [Crumb(_("Data"), reverse("console:data")), Crumb(title)],
        "status": status,
        "mark": wording.FRESHNESS_MARKS[status.stale if status.runs else None],
        "rate": _quarantine_rate(runs),
        "refused": refused,
        "more_refused": max(0, status.quarantined - len(refused)),
        "runs": _newest(runs),
        **(_quality(kept) if kept else {}),
        "behind": kept is not None and _is_behind(kept.profile, status.last),
    }
    return render(request, "console/dataset.html", seen)


def _newest(runs: Iterable[IngestRun]) -> list[tuple[IngestRun, str]]:
    """The newest runs first, each with its dataset's title."""
    language = "zh" if formats.is_chinese() else "en"
    newest = sorted(runs, key=lambda run: -run.number)[:RUNS_SHOWN]
    return [(run, getattr(DATASETS[run.dataset], f"title_{language}")) for run in newest]


def _quarantine_rate(runs: Iterable[IngestRun]) -> str:
    """Refused rows among all rows read, as per cent."""
    refused = read = 0
    for run in runs:
        refused += run.quarantined
        read += run.rows + run.quarantined
    return f"{refused / read:.2%}" if read else formats.NOTHING


def _is_behind(profile: Profile, last: Any) -> bool:
    """Whether the lake holds a month that the profile has not seen."""
    return last is not None and (not profile.months or f"{last:%Y-%m}" > profile.months[-1])


def _quality(kept: StoredProfile) -> dict[str, Any]:
    """Charts with their tables, and findings in words."""
    profile = kept.profile
    charts = [
        {
            "title": title,
            "note": note,
            "nothing": nothing,
            "svg": mark_safe(kept.charts[name]) if name in kept.charts else "",  # drawn by us
            "table": _table(profile, name) if profile.months else [],
        }
        for name, (title, note, nothing) in wording.QUALITY_CHARTS.items()
    ]
    language = get_language() or ""
    findings = [
        (finding, wording.FINDING_MARKS[finding.kind], detail_of(finding, language))
        for finding in reversed(profile.findings)
    ]
    return {
        "profile": profile,
        "computed_at": kept.computed_at,
        "charts": charts if profile.months else [],
        "findings": findings[:FINDINGS_SHOWN],
        "more_findings": max(0, len(findings) - FINDINGS_SHOWN),
    }


def _table(profile: Profile, name: str) -> list[tuple[str, list[str]]]:
    """The figures behind a chart: a row per column with a cell per month."""
    if name == "rows":
        return [(str(_("Rows")), [f"{count:,}" for count in profile.rows])]
    form = "{:.3f}" if name == "drift" else "{:.1%}"
    rows = []
    for column in profile.columns:
        values = getattr(column, _FIELDS[name])
        if any(value is not None for value in values):
            cells = [formats.NOTHING if v is None else form.format(v) for v in values]
            rows.append((column.name, cells))
    return rows
