"""What an uploaded proof really is, whatever its name and its sender say."""

from wallet.models.top_ups import ProofKind

CONTENT_TYPES = {
    ProofKind.JPEG: "image/jpeg",
    ProofKind.PNG: "image/png",
    ProofKind.WEBP: "image/webp",
    ProofKind.PDF: "application/pdf",
}
# What browsers offer to choose from.
ACCEPTED = ",".join(CONTENT_TYPES.values())


def kind_of(content: bytes) -> ProofKind | None:
    """Return what the content begins as; None for everything that is no proof."""
    if content.startswith(b"\xff\xd8\xff"):
        return ProofKind.JPEG
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return ProofKind.PNG
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return ProofKind.WEBP
    if content.startswith(b"%PDF-1.") or content.startswith(b"%PDF-2."):
        return ProofKind.PDF
    return None
