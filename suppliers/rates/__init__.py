"""Who tells what currencies are worth: one interface, one file per source.

Rates come over the same guarded transport as suppliers' answers and are as little trusted: what
is believed of them, and when, the catalogue decides.
"""
