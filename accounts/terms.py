"""The terms that people accept when they sign up."""

# The day of the text; whoever changes what it says gives it a new one.
VERSION = "2026-11-24"
