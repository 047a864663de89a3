import pytest

from kernel_bridge.contexts import Contexts


def test_a_context_is_its_users_own() -> None:
    contexts = Contexts(b"secret")
    context = contexts.issue("ada")
    assert contexts.is_of(context, "ada")
    assert not contexts.is_of(context, "bob")
    assert context != contexts.issue("ada")


def test_a_server_started_anew_knows_its_contexts() -> None:
    context = Contexts(b"secret").issue("ada")
    assert Contexts(b"secret").is_of(context, "ada")
    assert not Contexts(b"another").is_of(context, "ada")


@pytest.mark.parametrize("context", ["", ".", "a.b", "\ud800.\ud800", "a" * 10_000, "a.b.c"])
def test_what_was_not_issued_is_nobodys(context: str) -> None:
    assert not Contexts("secret").is_of(context, "ada")
