"""The balance stands on every page of a signed-in customer."""

from functools import partial
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.modes import mode_of
from wallet.actions import open_wallet


def wallet(request: HttpRequest) -> dict[str, Any]:
    """Looked up only where a template shows it: live parts of a page do not."""
    # A request refused early, for its Host say, has no user yet; its page is drawn all the same.
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or request.path.startswith("/admin/"):
        return {}
    mode = mode_of(request)
    return {"mode": mode, "wallet": SimpleLazyObject(partial(open_wallet, user=user, mode=mode))}
