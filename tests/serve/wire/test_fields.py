import pytest

from kinora.serve.errors import ApiError
from kinora.serve.wire import nested


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ([("prompt", "a")], {"prompt": "a"}),
        ([("video[id]", "v")], {"video": {"id": "v"}}),
        ([("video.id", "v")], {"video": {"id": "v"}}),
        ([("tags[]", "a"), ("tags[]", "b")], {"tags": ["a", "b"]}),
        ([("c[][id]", "a"), ("c[][id]", "b")], {"c": [{"id": "a"}, {"id": "b"}]}),
        ([("c[][id]", "a"), ("c[][n]", "1"), ("c[][id]", "b")], {"c": [{"id": "a", "n": "1"}, {"id": "b"}]}),
        ([("c[0][id]", "a"), ("c[1][id]", "b")], {"c": [{"id": "a"}, {"id": "b"}]}),
        ([("c[0].id", "a"), ("c[0].n", "1")], {"c": [{"id": "a", "n": "1"}]}),
        ([("a[b][c][]", "x"), ("a[b][d]", "y")], {"a": {"b": {"c": ["x"], "d": "y"}}}),
        ([("", "x")], None),
        ([("a", "x"), ("a", "y")], None),
        ([("a", "x"), ("a[b]", "y")], None),
        ([("a[b]", "x"), ("a[]", "y")], None),
        ([("a[]", "x"), ("a[b]", "y")], None),
        ([("a[1]", "x")], None),
        ([("a[99999999999]", "x")], None),
        ([("a[0]", "x"), ("a[0]", "y")], None),
        ([("a[b", "x")], None),
        ([("a[b]c", "x")], None),
        ([("[a]", "x")], None),
        ([("a" + "[b]" * 40, "x")], None),
        ([("a[]", str(index)) for index in range(101)], None),
    ],
)
def test_names_become_places(fields, value):
    if value is None:
        with pytest.raises(ApiError) as error:
            nested(fields)
        assert (error.value.status, error.value.code) == (400, "invalid_form")
    else:
        assert nested(fields) == value
