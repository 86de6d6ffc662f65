"""The logins of a modeller and a risk officer, whom the register of models asks for their roles."""

from django.contrib.auth import get_user_model

ROLES = {
    "modeller": "modeller",
    "risk": "risk_officer",
    "maker": "modeller",
    "checker": "risk_officer",
}


def staff_logins() -> None:
    """Make the logins that are not there; nobody can sign in with them."""
    for name, role in ROLES.items():
        get_user_model().objects.get_or_create(
            username=name, defaults={"role": role, "is_staff": True}
        )
