"""A state machine over the whole API, held against the naive model of the rules after each step."""
