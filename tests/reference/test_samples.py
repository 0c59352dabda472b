"""How samples are written: quoting, nesting, what goes where."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from nexotp.reference.calls import reference
from nexotp.reference.highlight import highlighted
from nexotp.reference.samples import HOST, KEY, LANGUAGES, Request, request_of
from tests.samples.runners import command

AWKWARD: dict[str, Any] = {
    "text": 'it\'s "quoted" \\ and $HOME `x` ünï',
    "list": ["a", "b'c"],
    "inside": {"number": 0.5, "yes": True, "no": False, "nothing": None, "content-type": 1},
    "long": "x" * 80,
    "empty": {},
}
# Print what a sample would send, in place of sending it.
_SHOW = {
    "curl": 'curl() { while [ $# -gt 0 ]; do if [ $1 = -d ]; then printf %s "$2"; fi; shift;'
    " done; }\n",
    "javascript": "globalThis.fetch = async (url, options) => {"
    " console.log(options.body); process.exit(0); };\n",
    "php": "",
    "python": "import json, sys, types\nsent = lambda *a, json=None, **b: (print("
    "sys.modules['json'].dumps(json)), sys.exit(0))\n"
    "sys.modules['requests'] = types.SimpleNamespace(post=sent)\n",
}


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda each: each.code)
def test_an_awkward_body_arrives_as_it_is(language: Any, tmp_path: Path) -> None:
    text = language.write(Request("POST", "/order", {}, AWKWARD))
    if language.code == "php":
        text = text.partition("$ch")[0] + "echo $payload;"

    done = subprocess.run(
        command(language.code, _SHOW[language.code] + text, tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )

    sent = json.loads(done.stdout)
    # PHP has one kind of array, and an empty one is a list.
    assert sent == AWKWARD | ({"empty": []} if language.code == "php" else {})


@pytest.mark.parametrize("call", reference("en").calls, ids=lambda call: call.name)
def test_every_sample_names_the_shop_and_the_key_in_one_piece(call: Any) -> None:
    for language in LANGUAGES:
        text = language.write(request_of(call))
        html = highlighted(text, language.code)
        assert HOST in html, language
        assert KEY in html, language
        assert max(map(len, text.splitlines())) < 120, text


def test_required_parameters_are_in_every_sample() -> None:
    for call in reference("en").calls:
        required = {each.name for each in call.parameters if each.is_required} - {"id"}
        assert required <= set(request_of(call).query)
        assert all(request_of(call).query.values())
