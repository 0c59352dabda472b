"""The balance stands on every page of a signed-in customer."""

from typing import Any

from django.http import HttpRequest

from accounts.models import Mode
from wallet.actions import open_wallet


def wallet(request: HttpRequest) -> dict[str, Any]:
    if not request.user.is_authenticated or request.path.startswith("/admin/"):
        return {}
    return {"wallet": open_wallet(user=request.user, mode=Mode.LIVE)}
