"""Sign-ins for tests. Their password is PASSWORD."""

from __future__ import annotations

import factory
from django.contrib.auth.hashers import make_password

from portal.accounts.models import User

PASSWORD = "one-stop-demo"


class UserFactory(factory.django.DjangoModelFactory[User]):
    """A sign-in with nobody behind it: no person, no post."""

    class Meta:
        model = User

    username = factory.Sequence(lambda number: f"user{number}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@one-stop.example")
    name = factory.Sequence(lambda number: f"测试{number}")
    password = factory.LazyFunction(lambda: make_password(PASSWORD))
