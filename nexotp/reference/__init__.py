"""The API told to people and to programs: OpenAPI, and the pages made from it."""
