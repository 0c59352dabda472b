"""Reports of errors without keys."""

from typing import Any

from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter

from nexotp.lib.logs import redact


class KeylessReporter(ExceptionReporter):
    """Django's reports of errors, by mail and in the browser, without keys.

    They print what was asked and every variable on the way, and the handler door's programs have
    their key in the address.
    """

    def get_traceback_data(self) -> dict[str, Any]:
        data: dict[str, Any] = super().get_traceback_data()
        for name in ("request_GET_items", "filtered_POST_items"):
            data[name] = [(key, _kept(key, value)) for key, value in data.get(name) or ()]
        return data

    def get_traceback_html(self) -> SafeString:
        return SafeString(redact(super().get_traceback_html()))

    def get_traceback_text(self) -> SafeString:
        return SafeString(redact(super().get_traceback_text()))


def _kept(name: str, value: Any) -> Any:
    """Return a parameter's value, or nothing of it where its name says that it is a key."""
    return "[redacted]" if redact(f"{name}=x") != f"{name}=x" else value
