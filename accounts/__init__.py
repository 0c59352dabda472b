"""People, their plans and their API keys."""
