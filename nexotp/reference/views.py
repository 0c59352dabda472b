"""The OpenAPI document, for programs."""

from copy import copy
from functools import lru_cache
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from drf_spectacular.renderers import OpenApiYamlRenderer

from nexotp.lib.errors import FieldProblem, InvalidRequest, MethodNotAllowed
from nexotp.reference.schema import build

_JSON, _YAML = "application/json", "application/yaml"
_FORMATS = {"json": _JSON, "yaml": _YAML}
_YAML_TYPES = {_YAML, "application/x-yaml", "text/yaml", "application/vnd.oai.openapi"}
_FRESH_SECONDS = 300


def schema(request: HttpRequest) -> HttpResponse:
    """The document in JSON, or in YAML where `?format` or `Accept` asks; `?lang` is id or en.

    Raises InvalidRequest, MethodNotAllowed.
    """
    if request.method not in {"GET", "HEAD"}:
        request.answer_headers["Allow"] = "GET, HEAD"  # type: ignore[attr-defined]
        raise MethodNotAllowed
    media_type = _format(request)
    language = request.GET.get("lang") or get_language() or settings.LANGUAGE_CODE
    if language not in dict(settings.LANGUAGES):
        raise InvalidRequest(fields=[FieldProblem("lang", "unknown", "id, en")])
    address = request.build_absolute_uri("/").rstrip("/")
    request.answer_headers |= {  # type: ignore[attr-defined]
        "Cache-Control": f"public, max-age={_FRESH_SECONDS}",
        "Vary": "Accept, Accept-Language",
        # Editors and consoles on other sites may read it: it is the same for everybody.
        "Access-Control-Allow-Origin": "*",
    }
    return HttpResponse(_written(media_type, language, address), content_type=media_type)


def _format(request: HttpRequest) -> str:
    """Raises InvalidRequest."""
    if named := request.GET.get("format"):
        if named not in _FORMATS:
            raise InvalidRequest(fields=[FieldProblem("format", "unknown", "json, yaml")])
        return _FORMATS[named]
    first = request.headers.get("Accept", "").split(",")[0].partition(";")[0]
    return _YAML if first.strip().lower() in _YAML_TYPES else _JSON


@lru_cache(maxsize=16)
def _written(media_type: str, language: str, address: str) -> bytes:
    document = copy(build(language))
    document["servers"] = [
        server | {"url": address + server["url"]} for server in document["servers"]
    ]
    if media_type == _YAML:
        renderer: Any = OpenApiYamlRenderer()
        return bytes(renderer.render(document))
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)
