"""Signing in and out, and choosing a language or the sandbox."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST
from django.views.i18n import set_language
from django_htmx.http import HttpResponseClientRefresh

from accounts.forms import SignInForm
from accounts.models import Mode
from accounts.modes import remember_mode


@method_decorator(login_not_required, name="dispatch")
class SignInView(LoginView):
    template_name = "accounts/sign_in.html"
    form_class = SignInForm
    redirect_authenticated_user = True

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # A page that polls after its session ended must not get this one inside itself.
        if request.headers.get("HX-Request"):
            return HttpResponseClientRefresh()
        return super().get(request, *args, **kwargs)


choose_language = login_not_required(set_language)


@require_POST
def choose_mode(request: HttpRequest) -> HttpResponse:
    """Look at the sandbox from now on, or at the shop again."""
    sandbox = request.POST.get("mode") == Mode.SANDBOX
    remember_mode(request, Mode.SANDBOX if sandbox else Mode.LIVE)
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        back, {request.get_host()}, require_https=request.is_secure()
    )
    return redirect(back if is_ours else "buy")
