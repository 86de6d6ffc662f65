"""Sign in with name and password; sign out."""

from __future__ import annotations

from django.contrib.auth import logout
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST


class StaffLogin(LoginView):
    """Name and password, then the queue (or the page that asked for the sign-in)."""

    template_name = "console/login.html"

    def get_default_redirect_url(self) -> str:
        """The queue."""
        return reverse("console:queue")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect("console:login")
