"""What can be wrong with an expression."""


class ExpressionError(Exception):
    """The expression may not be stored, or it cannot be evaluated with these values."""
