"""The question whether somebody agrees to terms that have changed."""

from allauth.account.utils import get_next_redirect_url
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.people import signed_in
from accounts.terms import agree_to_terms, must_agree
from nexotp.lib.terms import TERMS_VERSION


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def agree(request: HttpRequest) -> HttpResponse:
    """Ask, and note the answer; it leads back to where somebody was going."""
    user = signed_in(request)
    back = get_next_redirect_url(request) or "/buy/"
    if request.method == "POST":
        agree_to_terms(user, now=timezone.now())
        return redirect(back)
    if not must_agree(user):
        return redirect(back)
    context = {"back": back, "in_force_since": parse_date(TERMS_VERSION)}
    return render(request, "accounts/agree.html", context)
