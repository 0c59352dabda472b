"""Suppliers of numbers: one file per protocol family. No Django, no database."""
