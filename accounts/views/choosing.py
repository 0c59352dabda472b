"""Choosing a language, and the sandbox or the shop."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from accounts.models import Mode
from accounts.modes import remember_mode
from nexotp.lib.pages import back_or

choose_language = login_not_required(set_language)


@require_POST
def choose_mode(request: HttpRequest) -> HttpResponse:
    """Look at the sandbox from now on, or at the shop again."""
    sandbox = request.POST.get("mode") == Mode.SANDBOX
    remember_mode(request, Mode.SANDBOX if sandbox else Mode.LIVE)
    return redirect(back_or(request, "buy"))
