"""A code sample of a public document, and what may be replaced in it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """One sample: what it calls, in which language, and its text as printed."""

    method: str
    path: str
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.call} {self.language}"

    @property
    def call(self) -> str:
        return f"{self.method} {self.path}"

    def replacing(self, replaced: dict[str, str]) -> str:
        """Return the text with some of it replaced; all of that must be there to be replaced."""
        text = self.text
        for old, new in replaced.items():
            assert old in text, f"{self}: no {old}"
            text = text.replace(old, new)
        return text


def of_call(samples: list[Sample], call: str) -> list[Sample]:
    """Return a call's samples, one in each language."""
    found = [sample for sample in samples if sample.call == call]
    assert len(found) == 4
    return found


def calls(samples: list[Sample]) -> list[str]:
    """Return every call that has samples, once."""
    return list(dict.fromkeys(sample.call for sample in samples))
