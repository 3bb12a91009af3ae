"""Properties are judged by what they find, never by how busy the machine is."""

from hypothesis import settings

# On top of whatever Hypothesis chose for this place: on CI, the same examples every time.
settings.register_profile("ledger", settings(), deadline=None)
settings.load_profile("ledger")
