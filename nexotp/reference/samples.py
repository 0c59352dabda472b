"""Code that makes a call, in four languages: complete programs, run by the tests as printed.

The host and the key are those below until a page fills in its own.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from nexotp.reference.calls import Call

HOST, KEY = "https://shop.example", "nx_test_xxx"
MOUNT = "/api/v1"

# What a parameter is asked with, by its name, where a call needs it or a sample shows it.
VALUES = {
    "service": "whatsapp",
    "country": "id",
    "status": "active",
    "page": "1",
    "per_page": "20",
}
# Optional parameters that a sample shows because the call makes most sense with them.
_SHOWN = {
    "listCountries": ("service",),
    "listProviders": ("service", "country"),
    "listOrders": ("status",),
    "listTransactions": ("page", "per_page"),
}
_ONE_LINE = 44


@dataclass(frozen=True, slots=True)
class Request:
    """What a sample sends."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Mapping[str, Any] | None

    @property
    def bare_url(self) -> str:
        return f"{HOST}{MOUNT}{self.path}"

    @property
    def url(self) -> str:
        return f"{self.bare_url}?{urlencode(self.query)}" if self.query else self.bare_url


def request_of(call: Call, body: Mapping[str, Any] | None = None) -> Request:
    """Return the request that a call's samples make, with its first example or the body given."""
    shown = _SHOWN.get(call.name, ())
    query = {
        field.name: value_of(field.name, field.choices)
        for field in call.parameters
        if field.place == "query" and (field.is_required or field.name in shown)
    }
    if body is None and call.examples:
        body = call.examples[0].body
    return Request(call.method, call.path.replace("{id}", call.id_example or "ID"), query, body)


def value_of(name: str, choices: tuple[str, ...] = ()) -> str:
    """Return what a parameter is asked with in samples."""
    return VALUES.get(name) or (choices[0] if choices else "")


def curl(request: Request) -> str:
    lines = [f'curl -X {request.method} "{request.url}"', f'-H "Authorization: Bearer {KEY}"']
    if request.body is not None:
        lines.append('-H "Content-Type: application/json"')
        text = json.dumps(request.body, ensure_ascii=False)
        if len(text) > _ONE_LINE:
            text = json.dumps(request.body, ensure_ascii=False, indent=2).replace("\n", "\n  ")
        lines.append(f"-d '{text.replace(chr(39), _QUOTE_IN_SHELL)}'")
    return " \\\n  ".join(lines)


_QUOTE_IN_SHELL = "'\\''"


def javascript(request: Request) -> str:
    headers = [f"Authorization: 'Bearer {KEY}'"]
    options = []
    if request.method != "GET":
        options.append(f"method: '{request.method}'")
    if request.body is not None:
        headers.append("'Content-Type': 'application/json'")
    options.append(f"headers: {_braced(headers)}")
    if request.body is not None:
        options.append(f"body: JSON.stringify({_literal(request.body, _JAVASCRIPT)})")
    return (
        f"const res = await fetch('{request.url}', {{\n  "
        + ",\n  ".join(each.replace("\n", "\n  ") for each in options)
        + "\n});\nconsole.log(JSON.stringify(await res.json(), null, 2));"
    )


def php(request: Request) -> str:
    headers = [f"'Authorization: Bearer {KEY}'"]
    options = ["CURLOPT_RETURNTRANSFER => true"]
    payload = ""
    if request.body is not None:
        headers.append("'Content-Type: application/json'")
        payload = f"$payload = json_encode({_literal(request.body, _PHP)});\n"
        options = ["CURLOPT_POST => true", "CURLOPT_POSTFIELDS => $payload", *options]
    elif request.method != "GET":
        options.insert(0, f"CURLOPT_CUSTOMREQUEST => '{request.method}'")
    listed = ",\n    ".join(headers)
    options.append(f"CURLOPT_HTTPHEADER => [\n    {listed}\n  ]")
    return (
        f"<?php\n{payload}$ch = curl_init('{request.url}');\ncurl_setopt_array($ch, [\n  "
        + ",\n  ".join(options)
        + "\n]);\necho curl_exec($ch);"
    )


def python(request: Request) -> str:
    arguments = [f"'{request.bare_url}'"]
    if request.query:
        arguments.append(f"params={_literal(request.query, _PYTHON)}")
    arguments.append(f"headers={{'Authorization': 'Bearer {KEY}'}}")
    if request.body is not None:
        arguments.append(f"json={_literal(request.body, _PYTHON)}")
    listed = ",\n  ".join(each.replace("\n", "\n  ") for each in arguments)
    return (
        f"import requests\n\nres = requests.{request.method.lower()}(\n  {listed}\n)\n"
        "print(res.json())"
    )


@dataclass(frozen=True, slots=True)
class Language:
    """A language of the samples: its name for people, for the highlighter, and its writer."""

    code: str
    title: str
    write: Callable[[Request], str]


LANGUAGES = (
    Language("curl", "curl", curl),
    Language("javascript", "JavaScript", javascript),
    Language("php", "PHP", php),
    Language("python", "Python", python),
)


@dataclass(frozen=True, slots=True)
class _Style:
    """How a language writes a map, a list and its three words."""

    opens: str
    closes: str
    pair: str
    quotes_names: bool
    words: Mapping[Any, str]


_JAVASCRIPT = _Style("{", "}", ": ", False, {True: "true", False: "false", None: "null"})
_PHP = _Style("[", "]", " => ", True, {True: "true", False: "false", None: "null"})
_PYTHON = _Style("{", "}", ": ", True, {True: "True", False: "False", None: "None"})


def _literal(value: Any, style: _Style) -> str:
    if isinstance(value, bool) or value is None:
        return style.words[value]
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Mapping):
        pairs = [
            f"{_name(name, style)}{style.pair}{_literal(each, style)}"
            for name, each in value.items()
        ]
        return _wrapped(pairs, style.opens, style.closes, pad=style.opens == "{")
    if isinstance(value, list | tuple):
        return _wrapped([_literal(each, style) for each in value], "[", "]", pad=False)
    return _quoted(str(value))


def _name(name: str, style: _Style) -> str:
    return _quoted(name) if style.quotes_names or not name.isidentifier() else name


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _braced(parts: list[str]) -> str:
    return _wrapped(parts, "{", "}", pad=True)


def _wrapped(parts: list[str], opens: str, closes: str, *, pad: bool) -> str:
    """Put a list on one line, or on a line for each part where it would be long."""
    one_line = ", ".join(parts)
    if len(one_line) <= _ONE_LINE and "\n" not in one_line:
        space = " " if pad and parts else ""
        return f"{opens}{space}{one_line}{space}{closes}"
    listed = ",\n  ".join(part.replace("\n", "\n  ") for part in parts)
    return f"{opens}\n  {listed}\n{closes}"
