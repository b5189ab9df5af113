import pytest

from kinora.errors import BadInputFile
from kinora.evals.rows import adding, finished


def test_rows_are_read_back_in_order_and_added_to(tmp_path):
    path = tmp_path / "new" / "rows.jsonl"
    assert finished(path) == []
    for rows in ([{"clip": 0}, {"clip": 1}], [{"clip": 2}]):
        with adding(path) as add:
            for row in rows:
                add(row)
    assert finished(path) == [{"clip": 0}, {"clip": 1}, {"clip": 2}]


def test_a_row_is_in_the_file_before_the_next_is_begun(tmp_path):
    with adding(tmp_path / "rows.jsonl") as add:
        add({"clip": 0})
        assert finished(tmp_path / "rows.jsonl") == [{"clip": 0}]


@pytest.mark.parametrize("cut", ["{", '{"clip": 1', '{"clip": 1}'])
def test_a_row_cut_short_by_a_kill_is_dropped_and_the_next_begins_a_line_of_its_own(tmp_path, cut):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"clip": 0}\n' + cut)
    assert finished(path) == [{"clip": 0}]
    with adding(path) as add:
        add({"clip": 1})
    assert finished(path) == [{"clip": 0}, {"clip": 1}]
    assert [one.name for one in tmp_path.iterdir()] == ["rows.jsonl"]


def test_a_file_of_something_else_is_not_taken_for_results(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("colour,share\nred,0.5\n")
    with pytest.raises(BadInputFile, match="holds no results"):
        finished(path)
    assert path.read_text() == "colour,share\nred,0.5\n"
