"""Mutations, one a file: its input, its success, its union of results, and its field."""
