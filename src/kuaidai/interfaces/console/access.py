"""Who is looking: every page but sign-in belongs to a member of staff."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import wraps
from typing import Any, Concatenate

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.queries import business_date
from kuaidai.interfaces.ui.forms import refusal_text
from kuaidai.kernel.errors import NotAllowed, NotFound, Refusal

DATA_ROLES = frozenset({"risk_officer", "modeller", "operations", "admin"})
"""Who sees the bank's data: those who judge, model, run or administer it; not those who sell."""
RECONCILING_ROLES = frozenset({"operations", "admin"})
"""Who explains a difference between the bank core and the books."""
MODEL_ROLES = frozenset({"risk_officer", "modeller", "admin"})
"""Who answers for models: told of alerts of monitoring, and acknowledges them."""
BOOK_ROLES = frozenset({"operations", "admin"})
"""Who deals with money in suspense."""
CLOSING_ROLES = frozenset({"operations", "admin"})
"""Who sees to the close of day."""
STAFF_ROLES = frozenset({"account_manager", "risk_officer", "modeller", "operations", "admin"})


@dataclass(frozen=True)
class Staff:
    """The member of staff who is signed in, on the bank's business date."""

    username: str
    role: str
    on: date

    @property
    def actor(self) -> Actor:
        """The name in the audit trail."""
        return Actor("staff", self.username, self.username)

    @property
    def is_risk_officer(self) -> bool:
        """Whether referred applications may be resolved."""
        return self.role == "risk_officer"

    @property
    def judges_models(self) -> bool:
        """Whether alerts of monitoring are theirs to look into."""
        return self.role in MODEL_ROLES

    @property
    def sees_data(self) -> bool:
        """Whether the pages about the bank's data are shown."""
        return self.role in DATA_ROLES

    @property
    def explains_breaks(self) -> bool:
        """Whether breaks of a reconciliation may be explained."""
        return self.role in RECONCILING_ROLES

    @property
    def closes_days(self) -> bool:
        """Whether loans that the night put aside may be tried again."""
        return self.role in CLOSING_ROLES

    @property
    def keeps_books(self) -> bool:
        """Whether money in suspense may be dealt with."""
        return self.role in BOOK_ROLES


class BreaksNotForRole(NotAllowed):
    """The role does not explain breaks of a reconciliation."""

    code = "BREAKS_NOT_FOR_ROLE"
    en = "The role {role} does not explain breaks; ask the operations clerk."
    zh = "角色 {role} 无权说明对账差异；请联系运营人员。"


class BooksNotForRole(NotAllowed):
    """The role does not deal with money in suspense."""

    code = "BOOKS_NOT_FOR_ROLE"
    en = "The role {role} does not deal with money in suspense; ask operations."
    zh = "角色 {role} 无权处理待查款项；请联系运营人员。"


class ClosingNotForRole(NotAllowed):
    """The role does not see to the close of day."""

    code = "CLOSING_NOT_FOR_ROLE"
    en = "The role {role} does not see to the close of day; ask operations."
    zh = "角色 {role} 无权处理日终；请联系运营人员。"


class DataNotForRole(NotAllowed):
    """The role does not see the bank's data."""

    code = "DATA_NOT_FOR_ROLE"
    en = "The role {role} does not see the bank's data; ask a risk officer, a modeller or operations."
    zh = "角色 {role} 无权查看银行数据；请联系风险经理、建模人员或运营人员。"


Page = Callable[Concatenate[HttpRequest, Staff, ...], HttpResponse]


def staff_page(view: Page) -> Callable[..., HttpResponse]:
    """Sign-in as staff required; refusals no form caught become a page that says what to do.

    What is not there is told in the console's own frame: the site's page for it leads to the portal.
    """

    @never_cache
    @wraps(view)
    def page(request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        user = request.user
        if not user.is_authenticated:
            return redirect_to_login(request.get_full_path(), reverse("console:login"))
        role = str(getattr(user, "role", ""))
        if role not in STAFF_ROLES:
            return render(request, "console/not_staff.html", status=403)
        staff = Staff(user.get_username(), role, business_date())
        try:
            return view(request, staff, *args, **options)
        except (NotFound, Http404):
            return render(request, "console/missing.html", {"staff": staff}, status=404)
        except Refusal as refusal:
            seen = {"staff": staff, "text": refusal_text(refusal), "code": refusal.code}
            return render(request, "console/refused.html", seen, status=refusal.http_status)

    return page


def data_page(view: Page) -> Callable[..., HttpResponse]:
    """A staff page for the roles that see the bank's data."""

    @wraps(view)
    def page(request: HttpRequest, staff: Staff, *args: Any, **options: Any) -> HttpResponse:
        if not staff.sees_data:
            raise DataNotForRole(role=staff.role)
        return view(request, staff, *args, **options)

    return staff_page(page)
