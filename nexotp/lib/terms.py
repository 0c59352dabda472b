"""Which terms are in force; docs/terms has the words.

The day of the text: whoever changes what it says gives it a new one, and everybody is asked again.
"""

TERMS_VERSION = "2026-11-24"
