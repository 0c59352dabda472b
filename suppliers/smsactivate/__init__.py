"""The SMS-Activate handler protocol, classic dialect: one URL, text tokens, HTTP 200 throughout.

Its owner is gone, but most of the trade speaks it. Answers are told apart by their first
characters, never by content type, and what cannot be read is `OutcomeUnknown`.
"""

from suppliers.smsactivate.adapter import SmsActivate

__all__ = ["SmsActivate"]
