"""Mutations, one a file: each is one transaction, committed before its payload is resolved."""
