"""The fault suite: what Florin promises when things break, under load, counted and checked."""
