"""The SMS-Activate handler protocol: one URL, an action, and text tokens or JSON for an answer.

Its owner is gone, but most of the trade speaks it, each member in a dialect (`dialects.py`).
Answers are told apart by their first characters, never by content type, and what cannot be read
is `OutcomeUnknown`.
"""

from suppliers.smsactivate.adapter import SmsActivate
from suppliers.smsactivate.dialects import DIALECTS

__all__ = ["DIALECTS", "SmsActivate"]
