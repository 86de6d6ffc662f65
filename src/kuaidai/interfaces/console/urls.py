"""Routes of the console."""

from datetime import date

from django.urls import path, register_converter

from kuaidai.interfaces.console.views import (
    applications,
    books,
    data,
    facilities,
    ledger,
    loans,
    login,
    models,
    quality,
    reconciling,
)


class IsoDate:
    """A day in an address, such as 2026-07-01."""

    regex = "[0-9]{4}-[0-9]{2}-[0-9]{2}"

    def to_python(self, value: str) -> date:
        """The day. Raises `ValueError`, which the router takes as no match."""
        return date.fromisoformat(value)

    def to_url(self, value: date) -> str:
        """The day as it stands in the address."""
        return value.isoformat()


register_converter(IsoDate, "iso_date")
app_name = "console"
urlpatterns = [
    path("login/", login.StaffLogin.as_view(), name="login"),
    path("logout/", login.sign_out, name="logout"),
    path("", applications.queue, name="queue"),
    path("applications/<str:application_id>/", applications.application, name="application"),
    path("applications/<str:application_id>/resolution/", applications.resolve, name="resolve"),
    path("applications/<str:application_id>/limit/", facilities.change, name="limit"),
    path("applications/<str:application_id>/contract.pdf", applications.contract, name="contract"),
    path(
        "applications/<str:application_id>/reports/<str:report_id>/",
        applications.report,
        name="report",
    ),
    path("data/", data.overview, name="data"),
    path("data/<str:name>/", data.dataset, name="dataset"),
    path("ledger/", ledger.trial_balance, name="ledger"),
    path("ledger/days/", ledger.general_ledger, name="ledger-days"),
    path("ledger/entries/", ledger.entries, name="ledger-entries"),
    path("ledger/entries/<int:entry_id>/", ledger.entry, name="ledger-entry"),
    path("ledger/suspense/", ledger.suspense, name="ledger-suspense"),
    path("ledger/suspense/<str:unmatched_id>/", ledger.unmatched, name="ledger-unmatched"),
    path("loans/", loans.loans, name="loans"),
    path("loans/requests/<str:request_id>/", loans.decide, name="decide_loan_request"),
    path("loans/<str:loan_id>/", loans.loan, name="loan"),
    path("loans/<str:loan_id>/retry/", loans.retry, name="retry_loan"),
    path("loans/<str:loan_id>/statement.<str:kind>", loans.statement, name="loan_statement"),
    path("loans/<str:loan_id>/schedule.<str:kind>", loans.schedule, name="loan_schedule"),
    path("loans/<str:loan_id>/actions/<slug:name>/", loans.act, name="loan_action"),
    path(
        "facilities/<str:facility_id>/statement.<str:kind>",
        loans.facility_statement,
        name="facility_statement",
    ),
    path("day/", books.day, name="day"),
    path("reconciliation/", reconciling.overview, name="reconciliations"),
    path("reconciliation/<iso_date:on>/", reconciling.run, name="reconciliation"),
    path(
        "reconciliation/<iso_date:on>/breaks/<int:break_id>/",
        reconciling.explain,
        name="reconciliation_break",
    ),
    path("quality/", quality.quality, name="quality"),
    path("quality/loans/<str:loan_id>/", quality.loan, name="quality_loan"),
    path("quality/overrides/<str:override_id>/", quality.decide, name="decide_override"),
    path("models/", models.models, name="models"),
    path("models/alerts/<int:alert_id>/", models.alert, name="alert"),
    path("audit/", books.audit, name="audit"),
]
