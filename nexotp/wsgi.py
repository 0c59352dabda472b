"""What the web server runs."""

import os
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.utils.http import parse_header_parameters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nexotp.settings")
django.setup(set_prefix=False)


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
    request_class = Utf8Request


application = Handler()
