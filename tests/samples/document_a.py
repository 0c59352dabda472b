"""The code samples of our first public document, as printed there."""

import re

from tests.guards.source import ROOT
from tests.samples.sample import Sample

DOCUMENT = ROOT / "docs/public/document-a.txt"
HOST, MOUNT, KEY, ORDER = "https://webnokosai.vercel.app", "/api/v1", "nx_live_xxx", "ord_01HX"
LANGUAGES = ("CURL", "JavaScript", "PHP", "Python")

_ENDPOINT = re.compile(r"^(GET|POST)/api/v1(/\S+)$")
_SAMPLE = re.compile(rf"^Contoh ({'|'.join(LANGUAGES)})$")


def read_samples() -> list[Sample]:
    samples, endpoint, language, lines = [], ("", ""), "", list[str]()

    def close() -> None:
        if language:
            samples.append(Sample(*endpoint, language, "\n".join(lines).strip()))

    for line in DOCUMENT.read_text().splitlines():
        if found := _ENDPOINT.match(line):
            close()
            endpoint, language = (found[1], found[2]), ""
        elif found := _SAMPLE.match(line):
            close()
            language, lines = found[1], []
        elif line != "Example" or any(lines):
            lines.append(line)
    close()
    return samples
