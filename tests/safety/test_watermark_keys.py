import threading

import pytest

from kinora.errors import BadInputFile, OutputError
from kinora.safety.watermark_keys import OPEN_KEY, VARIABLE, marking_key, own_key, watermark_keys


def test_without_a_word_everything_is_marked_with_the_open_key():
    assert watermark_keys({}) == {"open": OPEN_KEY}
    assert marking_key({}) == OPEN_KEY


def test_a_key_of_ones_own_is_made_once_for_its_owner_alone(tmp_path):
    file = tmp_path / "keys" / "watermark.key"
    keys = watermark_keys({VARIABLE: str(file)})
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(keys["own"]) == 32
    assert keys["open"] == OPEN_KEY
    assert marking_key({VARIABLE: str(file)}) == keys["own"]
    assert own_key(tmp_path / "other.key") != keys["own"]


def test_workers_that_begin_together_mark_with_one_key(tmp_path):
    file, found, all_here = tmp_path / "keys" / "watermark.key", [], threading.Barrier(16)

    def begin():
        all_here.wait()
        found.append(own_key(file))

    threads = [threading.Thread(target=begin) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert set(found) == {own_key(file)}
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize(("text", "said"), [("abc", "no watermark key"), ("ab" * 8, "64 hexadecimal digits, not 16")])
def test_a_damaged_key_is_not_replaced_in_silence(tmp_path, text, said):
    file = tmp_path / "key"
    file.write_text(text)
    with pytest.raises(BadInputFile, match=said):
        own_key(file)
    assert file.read_text() == text


def test_a_place_that_takes_no_key_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=VARIABLE):
        own_key(tmp_path / "file" / "key")
