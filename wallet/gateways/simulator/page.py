"""The page on which a buyer pays at the simulated gateway. No money moves."""

from __future__ import annotations

from html import escape

from wallet.gateways.simulator.books import Bill

# The gateway is a house of its own, so its words are not the shop's to translate.
_WORDS = {
    "en": {
        "title": "Payment simulator",
        "note": "This is a demo. No money moves, whichever button you press.",
        "to": "NexOTP wallet",
        "pay": "Pay",
        "leave": "Go back without paying",
        "pending": "Waiting for your payment",
        "paid": "Paid. You can go back to the shop.",
        "expired": "This payment has expired.",
        "cancelled": "This payment was cancelled.",
        "back": "Back to the shop",
    },
    "id": {
        "title": "Simulator pembayaran",
        "note": "Ini hanya demo. Tidak ada uang yang berpindah, tombol mana pun yang ditekan.",
        "to": "Dompet NexOTP",
        "pay": "Bayar",
        "leave": "Kembali tanpa membayar",
        "pending": "Menunggu pembayaran Anda",
        "paid": "Sudah dibayar. Anda bisa kembali ke toko.",
        "expired": "Pembayaran ini sudah kedaluwarsa.",
        "cancelled": "Pembayaran ini sudah dibatalkan.",
        "back": "Kembali ke toko",
    },
}

_STYLE = """
:root { color-scheme: light dark; --paper: #eef1f7; --card: #fff; --ink: #16203a;
  --soft: #55607c; --act: #2a4bd7; --line: #d5dbea; }
@media (prefers-color-scheme: dark) { :root { --paper: #0c1120; --card: #161d31;
  --ink: #e8ecf8; --soft: #a3aecb; --act: #5b78ff; --line: #2a3452; } }
* { box-sizing: border-box; margin: 0; }
body { min-height: 100dvh; display: grid; place-items: center; padding: 1rem;
  background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { display: grid; gap: 1rem; width: 100%; max-width: 24rem; padding: 1.5rem;
  border: 1px solid var(--line); border-radius: 1rem; background: var(--card); }
h1 { font-size: 1rem; font-weight: 600; color: var(--soft); }
.amount { font-size: 2.25rem; font-weight: 700; letter-spacing: -.02em; line-height: 1.1; }
.soft { color: var(--soft); font-size: .875rem; overflow-wrap: anywhere; }
form { display: grid; }
button, a.way { display: block; width: 100%; padding: .875rem; border: 1px solid var(--act);
  border-radius: .75rem; background: var(--act); color: #fff; font: inherit; font-weight: 600;
  text-align: center; text-decoration: none; cursor: pointer; }
a.way--quiet { background: none; color: var(--ink); border-color: var(--line); }
:focus-visible { outline: 3px solid #d98500; outline-offset: 2px; }
"""


def payment_page(bill: Bill, standing: str, *, can_pay: bool) -> str:
    """Return the page of one payment in the buyer's language."""
    words = _WORDS.get(bill.language, _WORDS["en"])
    back = f"{escape(bill.return_url)}"
    ways = f'<a class="way" href="{back}">{words["back"]}</a>'
    if can_pay:
        ways = (
            f'<form method="post"><button id="pay">{words["pay"]}</button></form>'
            f'<a class="way way--quiet" href="{back}">{words["leave"]}</a>'
        )
    return f"""<!doctype html>
<html lang="{escape(bill.language)}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{words["title"]}</title><link rel="icon" href="data:,"><style>{_STYLE}</style></head>
<body><main><h1>{words["title"]}</h1>
<p>{words["to"]}</p>
<p class="amount">{escape(bill.currency)} {_grouped(bill.amount, bill.language)}</p>
<p role="status">{words[standing]}</p>
{ways}
<p class="soft">{words["note"]}</p>
<p class="soft">{escape(bill.reference)}</p>
</main></body></html>"""


def _grouped(amount: str, language: str) -> str:
    whole, dot, rest = amount.partition(".")
    text = f"{int(whole):,}{dot}{rest}"
    return text.translate(str.maketrans(",.", ".,")) if language == "id" else text
