"""The code samples of our second public document, as printed there."""

import re

from tests.guards.source import ROOT
from tests.samples.sample import Sample

DOCUMENT = ROOT / "docs/public/document-b.txt"
# The document's host with the mount under it: what a reader replaces.
BASE = "https://visualtrinitystudio.xyz/wp-json/nexotp/v1"
KEY = "YOUR_API_KEY"
LANGUAGES = ("cURL", "PHP", "Python", "JavaScript / Node")

_ENDPOINT = re.compile(r"^(GET|POST|DELETE) (/[^?\s]+)\S*$")


def read_samples() -> list[Sample]:
    samples, endpoint, language, lines = [], ("", ""), "", list[str]()

    def close() -> None:
        if language:
            samples.append(Sample(*endpoint, language, "\n".join(lines).strip()))

    for line in DOCUMENT.read_text().splitlines():
        if found := _ENDPOINT.match(line):
            close()
            endpoint, language = (found[1], found[2]), ""
        elif line in LANGUAGES:
            close()
            language, lines = line, []
        else:
            lines.append(line)
    close()
    return samples
