import pytest

from kinora import errors


def test_message_names_value_rule_and_remedy_in_that_order():
    error = errors.InvalidRequest("113x200", rule="sides must be multiples of 16", remedy="nearest: 112x208")
    assert str(error) == "113x200: sides must be multiples of 16; nearest: 112x208"


@pytest.mark.parametrize(
    ("fields", "message"),
    [({}, "v"), ({"rule": "r"}, "v: r"), ({"remedy": "m"}, "v; m"), ({"rule": "r", "remedy": "m"}, "v: r; m")],
)
def test_rule_and_remedy_are_optional(fields, message):
    assert str(errors.UserError("v", **fields)) == message


def test_only_the_callers_mistakes_are_user_errors():
    user = {
        errors.InvalidRequest,
        errors.UnknownModel,
        errors.BadInputFile,
        errors.CorruptWeights,
        errors.OutputError,
        errors.Refused,
    }
    assert ours(errors.UserError) == user
    assert ours(errors.KinoraError) == {errors.UserError, errors.SigningFailed, errors.Unavailable}


def ours(error):
    """Its direct subclasses in this module: the server, where it is imported, has more."""
    return {one for one in error.__subclasses__() if one.__module__ == errors.__name__}


def test_refused_carries_its_categories():
    refusal = errors.Refused("prompt", rule="not made here", categories=("violence",))
    assert refusal.categories == ("violence",)
    assert str(refusal) == "prompt: not made here"


def test_the_tree_in_the_docstring_is_the_tree():
    named = [
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.KinoraError)
    ]
    assert errors.__doc__ is not None
    for name in named:
        assert f" {name} " in errors.__doc__ or f"{name}\n" in errors.__doc__
