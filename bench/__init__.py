"""Side-by-side benchmarks: ratios measured in one run on one machine, and no verdicts."""
