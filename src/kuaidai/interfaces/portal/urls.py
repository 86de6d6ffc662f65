"""The portal's addresses."""

from django.urls import path

from kuaidai.interfaces.portal.views import (
    applying,
    authorising,
    contracting,
    deciding,
    drawing,
    home,
    login,
    offering,
    repaying,
    statements,
)

app_name = "portal"
_APPLICATION = "applications/<str:application_id>/"
_FACILITY = "facilities/<str:facility_id>/"
_LOAN = "loans/<str:loan_id>/"

urlpatterns = [
    path("", home.home, name="home"),
    path("login/", login.login, name="login"),
    path("login/code/", login.login_code, name="login_code"),
    path("logout/", login.logout, name="logout"),
    path("profile/", home.profile, name="profile"),
    path("authorisations/", authorising.authorisations, name="authorisations"),
    path(
        "authorisations/<str:authorisation_id>/withdraw/",
        authorising.withdraw,
        name="authorisations_withdraw",
    ),
    path("apply/", applying.apply, name="apply"),
    path(_APPLICATION, applying.application, name="application"),
    path(_APPLICATION + "authorisations/", authorising.needed, name="application_authorisations"),
    path(
        _APPLICATION + "authorisations/<str:kind>/", authorising.give, name="application_authorise"
    ),
    path(_APPLICATION + "request/", applying.request_loan, name="application_request"),
    path(_APPLICATION + "check/", applying.check_answers, name="application_check"),
    path(_APPLICATION + "withdraw/", applying.withdraw, name="application_withdraw"),
    path(_APPLICATION + "progress/", deciding.progress, name="application_progress"),
    path(
        _APPLICATION + "progress/lines/", deciding.progress_lines, name="application_progress_lines"
    ),
    path(_APPLICATION + "decision/", deciding.decision, name="application_decision"),
    path(_APPLICATION + "terms/", offering.terms, name="application_terms"),
    path(_APPLICATION + "terms/quote/", offering.terms_quote, name="application_terms_quote"),
    path(_APPLICATION + "contract/", contracting.contract, name="application_contract"),
    path(_APPLICATION + "contract/code/", contracting.signing_code, name="application_code"),
    path(_APPLICATION + "sign/", contracting.sign, name="application_sign"),
    path("contracts/<str:contract_id>.pdf", contracting.contract_pdf, name="contract_pdf"),
    path(_FACILITY, drawing.facility, name="facility"),
    path(_FACILITY + "draw/", drawing.draw, name="draw"),
    path(_FACILITY + "draw/quote/", drawing.draw_quote, name="draw_quote"),
    path(_FACILITY + "draw/confirm/", drawing.draw_confirm, name="draw_confirm"),
    path(_FACILITY + "drawdowns/<str:drawdown_id>/", drawing.draw_receipt, name="draw_receipt"),
    path(
        _FACILITY + "drawdowns/<str:drawdown_id>/status/",
        drawing.draw_receipt_part,
        name="draw_receipt_part",
    ),
    path(_FACILITY + "statement.<str:kind>", statements.of_facility, name="facility_statement"),
    path(_LOAN, repaying.loan, name="loan"),
    path(_LOAN + "statement.<str:kind>", statements.of_loan, name="loan_statement"),
    path(_LOAN + "schedule.<str:kind>", statements.schedule, name="loan_schedule"),
    path(_LOAN + "repay/", repaying.repay, name="repay"),
    path(_LOAN + "repay/effect/", repaying.repay_effect, name="repay_effect"),
    path(_LOAN + "repay/confirm/", repaying.repay_confirm, name="repay_confirm"),
    path(_LOAN + "repayments/<str:repayment_id>/", repaying.repay_receipt, name="repay_receipt"),
    path(
        _LOAN + "repayments/<str:repayment_id>/status/",
        repaying.repay_receipt_part,
        name="repay_receipt_part",
    ),
]
