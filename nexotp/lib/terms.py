"""Which terms are in force. Whoever signs up accepts this version; docs/terms has the words."""

TERMS_VERSION = "2026-11-24"
