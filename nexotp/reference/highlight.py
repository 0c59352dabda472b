"""Code in colors: classes only, their colors stand in the style sheet."""

import json
from functools import lru_cache
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

_FORMATTER: HtmlFormatter[str] = HtmlFormatter(nowrap=True)
_LEXERS = {"curl": "bash", "mjs": "javascript"}
_KEPT = 2_000


@lru_cache(maxsize=_KEPT)
def highlighted(code: str, language: str) -> SafeString:
    """Return code as HTML; of a language nobody knows, plainly."""
    try:
        lexer = get_lexer_by_name(_LEXERS.get(language, language), stripnl=False)
    except ClassNotFound:
        return escape(code)
    html = highlight(code, lexer, _FORMATTER)
    return mark_safe(html.rstrip("\n"))  # noqa: S308 - Pygments escapes what it is given


def highlighted_json(value: Any) -> SafeString:
    """Return a value as indented JSON in colors."""
    return highlighted(json.dumps(value, indent=2, ensure_ascii=False), "json")
