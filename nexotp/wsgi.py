"""What the web server runs."""

import os
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.utils.http import parse_header_parameters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nexotp.settings")
django.setup(set_prefix=False)


# What a server says of a request, whatever the process's environment has by the same name.
_SAID_BY_SERVER = {
    *("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "SCRIPT_NAME", "CONTENT_TYPE"),
    *("CONTENT_LENGTH", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "SERVER_SOFTWARE"),
    *("REMOTE_ADDR", "REMOTE_HOST", "REMOTE_PORT", "GATEWAY_INTERFACE", "HTTP_HOST"),
}
_ENVIRONMENT = frozenset(os.environ) - _SAID_BY_SERVER


class Utf8Request(WSGIRequest):
    """Reads queries and forms as UTF-8, whatever the Content-Type says.

    Django would read them in any codec of Python's that it names. One for bytes, or a parameter
    that makes no sense, would end before any middleware of ours, in a 500 without a word.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            parsed = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except ValueError:
            # What comes later reads the header itself, and would stumble as well.
            meta["CONTENT_TYPE"] = "unknown"
            parsed = ("unknown", {})
        self.content_type, self.content_params = parsed


class Handler(WSGIHandler):
    """Takes the process's environment out of each request.

    CGI put it there and Granian does: every secret of ours would stand in `request.META`, which
    error reports print and django-allauth stores with a request that waits for the password.
    """

    request_class = Utf8Request

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        for name in _ENVIRONMENT:
            environ.pop(name, None)
        return super().__call__(environ, start_response)


application = Handler()
