"""What can be done with an application: one function, one transaction, one audit record each.

An actor of kind `person` is the applicant: its `id` is the customer number, and an application of
somebody else is `NotFound` to them. Pages and endpoints check staff roles before they call.
"""

from kuaidai.lending.origination.operations.applying import (
    authorise_application,
    start_application,
    submit_application,
    withdraw,
)
from kuaidai.lending.origination.operations.contracting import (
    prepare_contract,
    request_signing_code,
    sign_contract,
)
from kuaidai.lending.origination.operations.deciding import collect_and_decide, resolve_referral
from kuaidai.lending.origination.operations.offering import (
    choose_terms,
    expire_offers,
    preview_terms,
)
from kuaidai.lending.origination.operations.raising import raise_line

__all__ = [
    "authorise_application",
    "choose_terms",
    "collect_and_decide",
    "expire_offers",
    "prepare_contract",
    "preview_terms",
    "raise_line",
    "request_signing_code",
    "resolve_referral",
    "sign_contract",
    "start_application",
    "submit_application",
    "withdraw",
]
