"""Telling customers' servers what happened (outbound only)."""
