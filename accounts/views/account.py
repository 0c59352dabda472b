"""Signing in, and the account's own page."""

from collections import Counter

from allauth.account import views as door
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRefresh

from accounts.people import signed_in


@login_not_required
def sign_in(request: HttpRequest) -> HttpResponse:
    # A page that polls after its session ended must not get this one inside itself.
    if request.method == "GET" and request.headers.get("HX-Request"):
        return HttpResponseClientRefresh()
    answer: HttpResponse = door.login(request)
    return answer


@never_cache
@require_safe
def show_account(request: HttpRequest) -> HttpResponse:
    """Where everything about an account is found, with how it stands."""
    user = signed_in(request)
    steps = Counter(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    context = {
        "has_app": steps[Authenticator.Type.TOTP] > 0,
        "passkey_count": steps[Authenticator.Type.WEBAUTHN],
        # A session of before sessions were listed is one as well: this one.
        "session_count": max(1, len(UserSession.objects.purge_and_list(user))),
    }
    return render(request, "accounts/account.html", context)
