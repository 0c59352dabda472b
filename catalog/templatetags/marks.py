"""The small picture that stands for a service: its brand's, where dev/marks.py has drawn one."""

from django import template
from django.templatetags.static import static

from nexotp.lib.env import BASE_DIR

register = template.Library()

_DRAWN = frozenset(path.stem for path in (BASE_DIR / "static/marks").glob("*.svg"))


@register.filter
def mark_url(code: str) -> str:
    """Return the address of a service's picture, or nothing."""
    return static(f"marks/{code}.svg") if code in _DRAWN else ""
