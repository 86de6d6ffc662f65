"""Close of day and the audit trail."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from kuaidai.foundation.queries import latest_audit, verify_audit_chain
from kuaidai.interfaces.console.access import Staff, staff_page
from kuaidai.interfaces.ui.templatetags.ui import moment
from kuaidai.lending.servicing.queries import close_status, nights


@staff_page
def day(request: HttpRequest, staff: Staff) -> HttpResponse:
    """Where the close of day stands: chunks done, days behind the calendar, parked loans and why."""
    status = close_status()
    seen = {
        "staff": staff,
        "status": status,
        "late": status.days_behind(timezone.localdate()),
        "share": 100 * status.chunks_done // max(1, status.chunks),
        "started": moment(status.started_at),
        "nights": nights(),
    }
    return render(request, "console/day.html", seen)


@staff_page
def audit(request: HttpRequest, staff: Staff) -> HttpResponse:
    """The newest audit entries; the chain is verified on request."""
    report = verify_audit_chain() if request.GET.get("verify") else None
    seen = {"staff": staff, "entries": latest_audit(limit=100), "report": report}
    return render(request, "console/audit.html", seen)
