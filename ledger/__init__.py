"""The rules of money: pure functions and values. No I/O, no SQL, no GraphQL."""
