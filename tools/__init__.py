"""What builds and tests Florin and is no part of it."""
