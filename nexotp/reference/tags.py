"""What the templates of the reference need: descriptions as HTML, and a reader's own edition."""

from functools import lru_cache
from typing import Any

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from nexotp.reference import words
from nexotp.reference.calls import Failure
from nexotp.reference.edition import Edition
from nexotp.reference.guides import writer
from nexotp.reference.highlight import highlighted_json

register = template.Library()


@register.filter
def said(text: str) -> SafeString:
    """Return a description with its backticks as code, linked to what it speaks of."""
    return _said(text, get_language() or "")


@lru_cache(maxsize=5_000)
def _said(text: str, language: str) -> SafeString:
    return writer(language).inline(text)


@register.filter
def plain(text: str) -> str:
    """Return a description without its backticks."""
    return text.replace("`", "")


@register.filter
def filled(html: str, edition: Edition) -> SafeString:
    """Put this shop's address and the reader's key into a sample."""
    return edition.filled_html(html)


@register.filter
def filled_text(text: str, edition: Edition) -> str:
    return edition.filled(text)


@register.filter
def breakable(path: str) -> SafeString:
    """Let a path be broken behind its slashes, where a line is too short for it."""
    return mark_safe(escape(path).replace("/", "/<wbr>"))  # noqa: S308 - escaped


@register.filter
def in_colors(value: Any) -> SafeString:
    return highlighted_json(value)


@register.filter
def advice(failure: Failure) -> str:
    return words.advice(failure.code, is_retryable=failure.is_retryable)


@register.filter
def scope_label(scope: str) -> str:
    return words.scope_label(scope)
