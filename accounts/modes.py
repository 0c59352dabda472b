"""Which of the two a browser session looks at: the shop, or the sandbox with its play money."""

from django.http import HttpRequest

from accounts.models import Mode

_KEY = "mode"


def mode_of(request: HttpRequest) -> Mode:
    """Return what this session looks at; the live shop unless somebody chose otherwise."""
    # A request that is refused early has no session yet; its page is drawn all the same.
    session = getattr(request, "session", None)
    return Mode.SANDBOX if session and session.get(_KEY) == Mode.SANDBOX else Mode.LIVE


def remember_mode(request: HttpRequest, mode: Mode) -> None:
    if mode == Mode.LIVE:
        request.session.pop(_KEY, None)
    else:
        request.session[_KEY] = mode.value
