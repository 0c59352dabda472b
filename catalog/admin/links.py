"""Links from lists of the catalogue to pages that explain them."""

from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext


def why_link(**asked: str | None) -> SafeString:
    """Return a link to why goods cost what they cost; what is None is asked there."""
    query = {name: value for name, value in asked.items() if value is not None}
    address = f"{reverse('admin:office_why')}?{urlencode(query)}"
    return format_html('<a href="{}">{}</a>', address, gettext("Why?"))
