"""The code samples of our own public document, as printed there."""

import re
from dataclasses import dataclass
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "docs/public/document-a.txt"
HOST, KEY, ORDER = "https://webnokosai.vercel.app", "nx_live_xxx", "ord_01HX"
LANGUAGES = ("CURL", "JavaScript", "PHP", "Python")

_ENDPOINT = re.compile(r"^(GET|POST)(/api/v1/\S+)$")
_SAMPLE = re.compile(rf"^Contoh ({'|'.join(LANGUAGES)})$")


@dataclass(frozen=True)
class Sample:
    """One sample: what it calls, in which language, and its text."""

    method: str
    path: str
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.language}"

    def for_shop(self, base_url: str, key: str, *, order: str | None = None) -> str:
        """Return the text with the host and the key replaced, and the order where one is named."""
        text = self.text.replace(HOST, base_url).replace(KEY, key)
        return text.replace(ORDER, order) if order else text


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
