import errno
import os

import pytest

from kinora.errors import OutputError
from kinora.media import check_target, replacing


@pytest.mark.parametrize("name", ["clip.avi", "clip", ".mp4", "clip.mp4.txt"])
def test_the_extension_chooses_the_format(tmp_path, name):
    with pytest.raises(OutputError, match=r"use one of \.mp4, \.gif, \.webp, \.png"):
        check_target(tmp_path / name)


def test_the_place_must_exist_and_be_a_directory(tmp_path):
    with pytest.raises(OutputError, match="there is no directory"):
        check_target(tmp_path / "missing" / "clip.mp4")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="there is no directory"):
        check_target(tmp_path / "file" / "clip.mp4")
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(OutputError, match="is a directory; name a file in it"):
        check_target(tmp_path / "folder.mp4")


def test_a_directory_that_takes_no_files_is_found_out_before_the_work(tmp_path, monkeypatch):
    def refuse(*_: object) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(OutputError, match="read-only file system"):
        check_target(tmp_path / "clip.mp4")


def test_a_name_too_long_for_the_file_system(tmp_path):
    with pytest.raises(OutputError, match="name too long"), replacing(tmp_path / ("x" * 300 + ".mp4")) as temporary:
        temporary.write_bytes(b"new")
    assert list(tmp_path.iterdir()) == []


def test_what_the_rename_would_refuse_or_put_away_is_found_out_before_the_work(tmp_path):
    with pytest.raises(OutputError, match="name too long"):
        check_target(tmp_path / ("x" * 300 + ".mp4"))
    with pytest.raises(OutputError, match="null byte"):
        check_target(tmp_path / "x\0.mp4")
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(OutputError, match="is no ordinary file"):
        check_target(tmp_path / "pipe.mp4")


def test_a_name_may_be_as_long_as_the_file_system_takes_it_in_any_script(tmp_path):
    path = tmp_path / ("\N{RABBIT FACE}" * 62 + ".mp4")  # 252 bytes
    with replacing(check_target(path)) as temporary:
        temporary.write_bytes(b"new")
    assert path.read_bytes() == b"new"


def test_asking_changes_nothing(tmp_path):
    (tmp_path / "clip.mp4").write_bytes(b"old")
    check_target(tmp_path / "clip.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]
    assert (tmp_path / "clip.mp4").read_bytes() == b"old"


def test_a_file_gets_the_rights_the_user_gives_new_files(tmp_path):
    with replacing(tmp_path / "clip.mp4") as temporary:
        temporary.write_bytes(b"new")
    (tmp_path / "plain").touch()
    assert (tmp_path / "clip.mp4").stat().st_mode == (tmp_path / "plain").stat().st_mode
