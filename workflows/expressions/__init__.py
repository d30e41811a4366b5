"""Conditions in CEL, checked before they are stored, then evaluated quickly. Pure: no Django.

See `docs/forms.md` for what a designer may write and what a missing answer means.
"""

from workflows.expressions.errors import ExpressionError
from workflows.expressions.evaluation import check_expression, evaluate, evaluate_condition, nested, paths_of

__all__ = ["ExpressionError", "check_expression", "evaluate", "evaluate_condition", "nested", "paths_of"]
