"""What the API says: Strawberry types, inputs and results. No I/O."""
