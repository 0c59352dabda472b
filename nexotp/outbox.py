"""The mail of a shop on a developer's machine, as a page: no mail server is there to deliver it."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import demo
from accounts.models import User
from nexotp.lib.outbox import newest_letters

_SHOWN = 20


@never_cache
@login_not_required
@require_safe
def show_mail(request: HttpRequest) -> HttpResponse:
    """Everybody's mail, for whoever can reach the machine; only where MAIL_FOLDER is set."""
    if not settings.MAIL_FOLDER:
        raise Http404
    has_demo = User.objects.filter(email=demo.ADMIN).exists()
    context = {
        "letters": newest_letters(_SHOWN),
        "admin": demo.ADMIN,
        "code": demo.code_now() if has_demo else "",
    }
    return render(request, "dev/mail.html", context)
