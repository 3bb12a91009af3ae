"""The only room that knows SQL: the pool, rows and statements by noun, posting, migrations."""
