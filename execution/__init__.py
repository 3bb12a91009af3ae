"""A breadth-first executor for GraphQL schemas made with Strawberry.

GraphQL servers resolve each field once for each object; this one resolves each field once for all
the objects of a level. It knows nothing of what is asked. README.md says how it is used.
"""

from execution.fields import batch_field
from execution.plans import VARIANTS_MAX, Plan, can_execute, compile_plan

__all__ = ["VARIANTS_MAX", "Plan", "batch_field", "can_execute", "compile_plan"]
