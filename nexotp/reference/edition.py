"""What differs between readers: the address of their shop, their key and their language."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from nexotp.reference.samples import HOST, KEY


@dataclass(frozen=True, slots=True)
class Edition:
    """The reference as one reader sees it. `key` is empty for a stranger."""

    host: str
    key: str
    language: str

    def filled(self, text: str) -> str:
        """Return a sample with this shop's address and this reader's key in it."""
        return text.replace(HOST, self.host).replace(KEY, self.key or KEY)

    def filled_html(self, html: str) -> SafeString:
        """Do the same in what has been rendered."""
        host, key = escape(self.host), escape(self.key or KEY)
        return mark_safe(html.replace(HOST, host).replace(KEY, key))  # noqa: S308 - both escaped


def edition_for(request: HttpRequest, *, key: str) -> Edition:
    """Return the edition for whoever asks; the address is the one that was asked."""
    return Edition(
        host=request.build_absolute_uri("/").rstrip("/"),
        key=key,
        language=get_language() or settings.LANGUAGE_CODE,
    )
