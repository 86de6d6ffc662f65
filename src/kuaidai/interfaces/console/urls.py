"""Routes of the console."""

from django.urls import path

from kuaidai.interfaces.console.views import applications, books, data, login

app_name = "console"
urlpatterns = [
    path("login/", login.StaffLogin.as_view(), name="login"),
    path("logout/", login.sign_out, name="logout"),
    path("", applications.queue, name="queue"),
    path("applications/<str:application_id>/", applications.application, name="application"),
    path("applications/<str:application_id>/resolution/", applications.resolve, name="resolve"),
    path("applications/<str:application_id>/contract.pdf", applications.contract, name="contract"),
    path(
        "applications/<str:application_id>/reports/<str:report_id>/",
        applications.report,
        name="report",
    ),
    path("data/", data.overview, name="data"),
    path("data/<str:name>/", data.dataset, name="dataset"),
    path("ledger/", books.ledger, name="ledger"),
    path("day/", books.day, name="day"),
    path("models/", books.models, name="models"),
    path("audit/", books.audit, name="audit"),
]
