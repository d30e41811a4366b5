"""Views of the public door; none of them needs a sign-in."""
