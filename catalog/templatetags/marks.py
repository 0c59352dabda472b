"""The small picture that stands for a service, for templates."""

from django import template

from catalog import marks

register = template.Library()


@register.filter
def mark_url(code: str) -> str:
    """Return the address of a service's picture, or nothing."""
    return marks.mark_url(code)
