"""Engines on disk: whole or not at all, one's own, checked before use, within a limit, shared between programs."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import stat
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from app.errors import SuperseeError
from app.inference import engine_store
from app.inference.engine_key import EngineKey, key_from
from app.inference.engine_store import EngineStore
from app.inference.file_lock import locked

KEY = EngineKey("lite", "ab" * 32, "tensorrt_rtx", "1.7", "sm89", "GPU X", "580.1", (960, 540), "fp16")
PLAN = bytes(range(256)) * 64


@pytest.fixture
def store(tmp_path: Path) -> EngineStore:
    return EngineStore(tmp_path / "engines")


def data_file(store: EngineStore, kind: str = "engine") -> Path:
    (found,) = store.folder.glob(f"*.{kind}")
    return found


def test_what_was_put_is_found_with_its_details(store: EngineStore) -> None:
    assert store.find(KEY).data is None
    store.put(KEY, PLAN, {"seconds": 0.25})
    assert store.find(KEY).data == PLAN
    (entry,) = store.entries()
    assert (entry.key, entry.size, entry.details) == (KEY, len(PLAN), {"seconds": 0.25})
    assert store.verify() == [("engine lite 960x540 fp16 for GPU X", "")]


@pytest.mark.parametrize(
    "change",
    [
        {"model": "cd" * 32},
        {"library": "tensorrt"},
        {"version": "1.8"},
        {"target": "sm86"},
        {"gpu": "GPU Y"},
        {"driver": "580.2"},
        {"size": (960, 544)},
        {"precision": "int8"},
        {"formats": "linear"},
    ],
)
def test_everything_that_makes_an_engine_is_in_its_key(store: EngineStore, change: dict) -> None:
    store.put(KEY, PLAN, {})
    assert replace(KEY, **change).stem != KEY.stem
    assert store.find(replace(KEY, **change)).data is None


def test_a_key_comes_back_from_plain_data_and_nothing_else_does() -> None:
    data = json.loads(json.dumps({name: getattr(KEY, name) for name in KEY.__dataclass_fields__}))
    assert key_from(data) == KEY
    for wrong in ({}, [], data | {"more": 1}, data | {"size": [0, 1]}, data | {"size": "big"}, data | {"gpu": 3}):
        with pytest.raises(ValueError):
            key_from(wrong)


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (flip_a_bit, "contents have changed"),
        (lambda path: path.write_bytes(PLAN[:-1]), "16383 of 16384 bytes"),
        (lambda path: path.write_bytes(b""), "0 of 16384 bytes"),
        (lambda path: path.unlink(), "is missing"),
    ],
)
def test_damaged_engines_are_named_removed_and_can_be_made_again(store: EngineStore, damage, why: str) -> None:
    store.put(KEY, PLAN, {})
    damage(data_file(store))
    assert why in store.verify()[0][1]
    lookup = store.find(KEY)
    assert lookup.data is None
    assert why in lookup.damage
    assert "lite 960x540 fp16" in lookup.damage
    assert not list(store.folder.glob("*.json"))
    store.put(KEY, PLAN, {})
    assert store.find(KEY).data == PLAN


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Expecting value"),
        ("[]", "damaged"),
        ("{}", "damaged"),
        ("[" * 100_000, "damaged"),
        ('{"schema": 7}', "schema is 7"),
        (None, "made for something else"),
    ],
)
def test_damaged_and_foreign_manifests_are_named_and_removed(store: EngineStore, text: str | None, why: str) -> None:
    store.put(KEY, PLAN, {})
    (manifest,) = store.folder.glob("*.json")
    if text is None:  # another key's manifest under this one's name
        other = replace(KEY, gpu="GPU Y")
        text = manifest.read_text().replace("GPU X", other.gpu)
    manifest.write_text(text)
    assert why in store.verify()[0][1]
    lookup = store.find(KEY)
    assert lookup.data is None
    assert why in lookup.damage
    assert store.find(KEY).damage == ""


def test_a_manifest_cannot_name_a_file_elsewhere(store: EngineStore, tmp_path: Path) -> None:
    store.put(KEY, PLAN, {})
    (tmp_path / "evil").write_bytes(PLAN)
    (manifest,) = store.folder.glob("*.json")
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"file": "../evil"}))
    assert store.find(KEY).data is None
    assert (tmp_path / "evil").exists()


def test_the_folder_is_the_users_own(store: EngineStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.put(KEY, PLAN, {})
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in store.folder.glob("*.*"))
    store.folder.chmod(0o777)
    assert store.find(KEY).data == PLAN
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
    monkeypatch.setattr(engine_store.os, "getuid", lambda: store.folder.stat().st_uid + 1)
    with pytest.raises(SuperseeError, match="belongs to another user"):
        store.find(KEY)


def test_a_place_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SuperseeError, match="There is no place for engines"):
        EngineStore(tmp_path / "file" / "engines").put(KEY, PLAN, {})


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_full_disk_is_a_message_and_what_was_there_stays(
    store: EngineStore, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    store.put(KEY, PLAN, {})

    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if failing == "fsync":
        monkeypatch.setattr(engine_store.os, "fsync", full)
    else:
        monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(SuperseeError, match="No space left on device") as caught:
        store.put(KEY, b"new" * 1000, {})
    assert "engines clear" in caught.value.do
    monkeypatch.undo()
    assert store.find(KEY).data == PLAN
    assert not list(store.folder.glob("*.part"))


def test_beyond_the_limit_the_least_recently_used_go(tmp_path: Path) -> None:
    store = EngineStore(tmp_path / "engines", limit=3 * len(PLAN))
    keys = [replace(KEY, size=(4 * n, 4 * n)) for n in range(1, 6)]
    for age, key in enumerate(keys[:3]):
        store.put(key, PLAN, {})
        os.utime(store._manifest(key, "engine"), (1000 + age, 1000 + age))
    assert store.find(keys[0]).data == PLAN  # used now, so no longer the oldest
    store.put(keys[3], PLAN, {})
    assert [store.find(key).data is not None for key in keys[:4]] == [True, False, True, True]
    store.put(keys[4], PLAN * 10, {})  # larger than the limit all by itself: it stays, alone
    assert [store.find(key).data is not None for key in keys] == [False, False, False, False, True]
    assert len(list(store.folder.glob("*.engine"))) == 1


def test_runtime_caches_are_kept_alike(store: EngineStore) -> None:
    store.put(KEY, PLAN, {})
    store.put(KEY, b"kernels", {}, "runtime")
    assert store.find(KEY, "runtime").data == b"kernels"
    assert store.find(KEY).data == PLAN
    data_file(store, "runtime").write_bytes(b"kernelz")
    assert "contents have changed" in store.find(KEY, "runtime").damage
    assert store.find(KEY).data == PLAN
    store.put(KEY, b"kernels", {}, "runtime")
    store.remove(KEY)
    assert store.entries() == []


def test_leftovers_of_a_crash_go_after_a_while(store: EngineStore) -> None:
    store.put(KEY, PLAN, {})
    old, new = store.folder / "x-12345678.engine", store.folder / "y.json.77.part"
    for path in (old, new):
        path.write_bytes(b"left behind")
    os.utime(old, (1000, 1000))
    store.put(replace(KEY, size=(8, 8)), PLAN, {})
    assert not old.exists()
    assert new.exists()
    assert store.find(KEY).data == PLAN


def test_clear_removes_everything_and_says_how_much(store: EngineStore) -> None:
    store.put(KEY, PLAN, {})
    count, size = store.clear()
    assert count == 2
    assert size > len(PLAN)
    assert store.entries() == []


def _write_often(folder: Path, byte: int, rounds: int) -> None:
    store = EngineStore(folder)
    for _ in range(rounds):
        store.put(KEY, bytes([byte]) * 4096, {"byte": byte})


def test_two_programs_write_and_a_third_reads_only_whole_engines(store: EngineStore) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_often, args=(store.folder, byte, 15)) for byte in (1, 2)]
    for writer in writers:
        writer.start()
    seen = set()
    while any(writer.is_alive() for writer in writers):
        lookup = store.find(KEY)
        assert lookup.damage == ""
        if lookup.data is not None:
            assert len(lookup.data) == 4096
            assert len(set(lookup.data)) == 1
            seen.add(lookup.data[0])
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert store.find(KEY).data is not None
    assert len(list(store.folder.glob("*.engine"))) == 1
    assert seen <= {1, 2}


def _hold(path: Path, ready: Path) -> None:
    with locked(path, 5.0):
        ready.touch()
        time.sleep(60.0)


def test_a_lock_goes_with_its_holder_even_one_that_was_killed(tmp_path: Path) -> None:
    path, ready = tmp_path / "lock", tmp_path / "ready"
    holder = multiprocessing.get_context("spawn").Process(target=_hold, args=(path, ready))
    holder.start()
    while not ready.exists():
        time.sleep(0.01)
    with pytest.raises(SuperseeError, match="holds lock for more than"), locked(path, 0.2):
        pass
    with pytest.raises(SuperseeError, match="cancelled"), locked(path, 5.0, lambda: True):
        pass
    holder.kill()
    holder.join()
    with locked(path, 5.0):
        pass


def test_the_lock_holds_between_threads(tmp_path: Path) -> None:
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        with locked(tmp_path / "lock", 10.0):
            inside += 1
            most = max(most, inside)
            time.sleep(0.02)
            inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
