from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from compegpt.errors import InputError, StorageError
from compegpt.media.places import MAX_NAME, Places, safe_name

NAMES = {
    "a.png": "a.png", "../../x.txt": "x.txt", "/etc/passwd": "passwd", "C:\\a\\b.txt": "b.txt", "..": "file",
    ".": "file",
    "": "file", ".htaccess": "htaccess", "a\0b.txt": "a_b.txt",
    'a"b.txt': "a_b.txt", "a\r\nX-Evil: 1.txt": "a_X-Evil_ 1.txt",
    "<img src=x>.html": "_img src_x_.html", "😀.png": "_.png", "\u202egpj.exe": "_gpj.exe", "%2e%2e%2fx": "_2e_2e_2fx",
    "a;rm -rf $HOME.txt": "a_rm -rf _HOME.txt", "\ud800.txt": "_.txt", "Äpfel.txt": "Äpfel.txt", "a.txt. ": "a.txt",
}


@pytest.mark.parametrize(("given", "kept"), NAMES.items(), ids=ascii)
def test_a_name_keeps_nothing_that_means_something_elsewhere(given: str, kept: str) -> None:
    assert safe_name(given) == kept


@pytest.mark.parametrize("name", ["x" * 10_000 + ".txt", "ä" * 10_000 + ".txt", "x." + "y" * 10_000, "." * 10_000,
    "x" * 10**7],
                         ids=["ascii", "letters of two bytes", "suffix", "dots", "huge"])
def test_a_long_name_is_cut_and_fits_any_file_system(name: str) -> None:
    kept = safe_name(name)
    assert 0 < len(kept.encode()) <= MAX_NAME + 41
    assert kept.endswith(".txt") is name.endswith(".txt")


@pytest.fixture
def places(data_dir: Path) -> Places:
    return Places(data_dir)


def uploaded(places: Places, owner: str, name: str = "a.txt") -> Path:
    path = places.arrival(owner, name)
    path.write_text("some")
    return path


def test_an_id_is_found_by_its_owner_alone(places: Places) -> None:
    path = uploaded(places, "alice")
    file_id = places.id_of(path) or ""
    assert places.find("alice", file_id) == path
    assert places.find("bob", file_id) is None
    assert places.find("", file_id) is None


def test_a_key_is_found_by_whoever_has_it(places: Places) -> None:
    path = uploaded(places, "alice")
    key = places.key_of(path) or ""
    assert places.at(key) == path
    assert places.at(key[:-1] + ("0" if key[-1] != "0" else "1")) is None
    assert places.at(key[:24]) is None


@pytest.mark.parametrize("file_id", ["", "..", "../../etc/passwd", "0" * 67, "0" * 69, "0" * 68, "G" * 68,
    "0" * 68 + "\n", "\0"])
def test_what_is_no_id_is_no_file(file_id: str, places: Places) -> None:
    uploaded(places, "alice")
    assert places.find("alice", file_id) is None


def test_a_link_that_somebody_laid_is_not_followed(places: Places, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    path = places.arrival("alice", "link.txt")
    path.symlink_to(secret)
    assert places.find("alice", places.id_of(path) or "") is None


def test_files_elsewhere_have_no_id(places: Places, data_dir: Path) -> None:
    folder = data_dir / "artifacts"
    for path in ("/etc/passwd", str(data_dir / "league.db"), str(folder / "a" / "b" / "c" / "d"),
        str(folder / "a" / "b"), "a"):
        assert places.id_of(Path(path)) is None
        assert places.key_of(Path(path)) is None


def test_only_whoever_runs_the_server_may_look_into_a_folder(places: Places) -> None:
    assert stat.S_IMODE(uploaded(places, "alice").parent.stat().st_mode) == 0o700


def test_what_is_taken_into_a_thread_outlives_the_upload(places: Places) -> None:
    path = uploaded(places, "alice")
    taken = places.taken(path, "alice/farm")
    path.unlink()
    assert taken.read_text() == "some"
    assert taken.is_relative_to(places.thread("alice/farm"))
    assert places.taken(taken, "alice/farm") == taken


def test_what_is_gone_cannot_be_taken(places: Places) -> None:
    path = uploaded(places, "alice")
    path.unlink()
    with pytest.raises(InputError, match="not there any more"):
        places.taken(path, "alice/farm")


def test_forgetting_a_thread_leaves_those_of_others(places: Places) -> None:
    path = uploaded(places, "alice")
    mine, others = places.taken(path, "alice/farm"), places.taken(path, "bob/farm")
    assert places.forget("alice/farm")
    assert (mine.exists(), others.exists(), path.exists()) == (False, True, True)
    assert not places.forget("alice/farm")


def test_old_uploads_are_swept_and_nothing_else(places: Places) -> None:
    old, new = uploaded(places, "alice"), uploaded(places, "bob")
    taken = places.taken(old, "alice/farm")
    for folder in (old.parent, taken.parent):
        os.utime(folder, (time.time() - 100, time.time() - 100))
    places.sweep(50)
    assert (old.exists(), new.exists(), taken.exists()) == (False, True, True)


def test_a_full_or_shut_folder_is_an_error_that_says_so(places: Places, data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "artifacts").write_text("in the way")
    with pytest.raises(StorageError, match="No file can be written"):
        places.arrival("alice", "a.txt")
