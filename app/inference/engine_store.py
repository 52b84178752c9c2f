"""Engines on disk, between starts and between programs.

Loading an engine runs code from it, so the folder belongs to the user alone, and nothing is handed out that is not, to
the byte, what a program of ours wrote for the same key. Data goes into a file of its own name first; the manifest that
names it, with its length and sha256, replaces the one before in one step: whoever reads sees all of the old or all of
the new. Reading and writing are short and hold one lock; building, which is long, holds one lock a key.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from app.errors import SuperseeError
from app.inference.engine_key import EngineKey, key_from
from app.inference.file_lock import locked
from app.paths import cache_folder

log = logging.getLogger(__name__)

Kind = Literal["engine", "runtime"]
"""An engine, or the kernels that TensorRT-RTX compiled from it for one GPU and driver (its runtime cache)."""

SCHEMA_VERSION = 1
SIZE_LIMIT = 512 << 20
_LARGEST_MANIFEST = 1 << 20
_LOCK_SECONDS = 20.0
_ABANDONED_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Stored:
    """A manifest that could be read. `used`: when it was last handed out, seconds since 1970. `details`: what the
    builder wrote down (seconds, tensors, figures)."""

    kind: Kind
    key: EngineKey
    manifest: Path
    data: Path
    size: int
    sha256: str
    used: float
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Lookup:
    """`data` is None where there is nothing; `damage` then says what was thrown away, "" where nothing was."""

    data: bytes | None
    damage: str = ""


class EngineStore:
    """`limit` in bytes: beyond it what was not used for the longest time goes. Methods raise SuperseeError where the
    folder cannot be used."""

    def __init__(self, folder: Path | None = None, limit: int = SIZE_LIMIT) -> None:
        self.folder = folder or cache_folder() / "engines"
        self._limit = limit

    def find(self, key: EngineKey, kind: Kind = "engine") -> Lookup:
        """What was stored for `key`, checked. What is damaged or foreign is removed and named."""
        manifest = self._manifest(key, kind)
        if not manifest.exists():
            return Lookup(None)
        with self._locked():
            try:
                stored = _read_manifest(manifest)
                if stored.key != key or stored.kind != kind:
                    raise ValueError("it was made for something else")
                data = _checked_data(stored)
            except FileNotFoundError as error:
                if not manifest.exists():
                    return Lookup(None)  # another program removed it meanwhile
                return self._thrown_away(manifest, key, f"{Path(error.filename).name} is missing")
            except (OSError, ValueError) as error:
                return self._thrown_away(manifest, key, str(error))
            with contextlib.suppress(OSError):
                os.utime(manifest)
            return Lookup(data)

    def put(self, key: EngineKey, data: bytes, details: Mapping[str, Any], kind: Kind = "engine") -> None:
        """Raises SuperseeError where it cannot be written, a full disk included; what was there before then stays."""
        manifest = self._manifest(key, kind)
        sha256 = hashlib.sha256(data).hexdigest()
        target = self.folder / f"{key.stem}-{sha256[:8]}.{kind}"
        content = {
            "schema": SCHEMA_VERSION,
            "kind": kind,
            "key": asdict(key),
            "file": target.name,
            "bytes": len(data),
            "sha256": sha256,
            "details": dict(details),
        }
        with self._locked():
            before = self._data_files(manifest)
            try:
                _write(target, data)
                _write(manifest, json.dumps(content, indent=1).encode())
            except OSError as error:
                raise SuperseeError(
                    f"The {kind} of {key.said()} could not be kept",
                    f"{self.folder} cannot be written ({error.strerror})",
                    "Free some space, or run `supersee engines clear`; until then it is made again at each start.",
                ) from error
            for path in before - {target}:
                path.unlink(missing_ok=True)
            self._tidy(keep=manifest)

    def annotate(self, key: EngineKey, **details: Any) -> None:
        """Adds to what is written down of an engine; does nothing where it is not there."""
        manifest = self._manifest(key, "engine")
        with self._locked():
            try:
                content = json.loads(manifest.read_text(encoding="utf-8"))
                content["details"].update(details)
                _write(manifest, json.dumps(content, indent=1).encode())
            except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                log.info("nothing was written beside the engine of %s: %s", key.said(), error)

    def details(self, key: EngineKey) -> dict[str, Any]:
        """What is written down of an engine; {} where it is not there or cannot be read."""
        try:
            with self._locked():
                return _read_manifest(self._manifest(key, "engine")).details
        except (OSError, ValueError):
            return {}

    def entries(self) -> list[Stored]:
        """Everything whose manifest can be read, the last used first."""
        with self._locked():
            return sorted(self._entries(), key=lambda entry: -entry.used)

    def verify(self) -> list[tuple[str, str]]:
        """(what, "" or the damage) of everything in the folder. Nothing is removed."""
        results = []
        with self._locked():
            for manifest in self._manifests():
                try:
                    stored = _read_manifest(manifest)
                    if self._manifest(stored.key, stored.kind) != manifest:
                        raise ValueError("it was made for something else")
                    _checked_data(stored)
                    results.append((f"{stored.kind} {stored.key.said()}", ""))
                except FileNotFoundError as error:
                    results.append((manifest.stem, f"{Path(error.filename).name} is missing"))
                except (OSError, ValueError) as error:
                    results.append((manifest.stem, str(error)))
        return results

    def remove(self, key: EngineKey) -> None:
        """The engine of `key` and its runtime cache."""
        with self._locked():
            for kind in ("engine", "runtime"):
                self._remove(self._manifest(key, kind))

    def clear(self) -> tuple[int, int]:
        """Removes everything; (files, bytes)."""
        with self._locked():
            files = [path for path in self.folder.iterdir() if path.is_file() and path.suffix != ".lock"]
            size = sum(path.stat().st_size for path in files)
            for path in files:
                path.unlink(missing_ok=True)
            return len(files), size

    def building(
        self, key: EngineKey, timeout: float, cancelled: Callable[[], bool] = lambda: False
    ) -> AbstractContextManager[None]:
        """Held while `key` is built, so that two programs do not build it both. Look again once you have it."""
        self._prepare()
        return locked(self.folder / "locks" / f"{key.stem}.lock", timeout, cancelled)

    # --- within the lock --------------------------------------------------------------------------------------------

    def _thrown_away(self, manifest: Path, key: EngineKey, why: str) -> Lookup:
        said = f"The stored engine of {key.said()} is thrown away: {why}"
        log.warning("%s", said)
        self._remove(manifest)
        return Lookup(None, said)

    def _remove(self, manifest: Path) -> None:
        files = self._data_files(manifest)
        for path in (manifest, *files):
            path.unlink(missing_ok=True)

    def _entries(self) -> Iterator[Stored]:
        for manifest in self._manifests():
            try:
                yield _read_manifest(manifest)
            except (OSError, ValueError) as error:
                log.info("%s cannot be read: %s", manifest.name, error)

    def _tidy(self, keep: Path) -> None:
        """Down to the limit, the least recently used first, without `keep`; data that no manifest names goes, too."""
        entries = sorted(self._entries(), key=lambda entry: entry.used)
        total = sum(entry.size for entry in entries)
        for entry in entries:
            if total <= self._limit:
                break
            if entry.manifest != keep:
                self._remove(entry.manifest)
                total -= entry.size
                log.info("the engine of %s was not used for the longest time and is removed", entry.key.said())
        named = {entry.data.name for entry in self._entries()}
        for path in self.folder.iterdir():
            if path.suffix in (".engine", ".runtime", ".part") and path.name not in named:
                with contextlib.suppress(OSError):
                    if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                        path.unlink()

    def _manifests(self) -> list[Path]:
        return sorted(self.folder.glob("*.json"))

    def _manifest(self, key: EngineKey, kind: Kind) -> Path:
        return self.folder / f"{key.stem}.{kind}.json"

    def _data_files(self, manifest: Path) -> set[Path]:
        """Those that belong, or belonged, to a manifest."""
        stem, _, kind = manifest.stem.rpartition(".")
        return set(self.folder.glob(f"{stem}-????????.{kind}"))

    # --- the folder -------------------------------------------------------------------------------------------------

    def _locked(self) -> AbstractContextManager[None]:
        self._prepare()
        return locked(self.folder / "store.lock", _LOCK_SECONDS)

    def _prepare(self) -> None:
        """The folder exists and nobody else can write there. Raises SuperseeError where that cannot be had."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            status = self.folder.stat()
            if os.name == "posix":
                if status.st_uid != os.getuid():
                    raise SuperseeError(
                        f"{self.folder} is not used for engines",
                        "it belongs to another user, and an engine is code",
                        "Remove it, or set XDG_CACHE_HOME to a folder of your own.",
                    )
                if status.st_mode & 0o077:
                    self.folder.chmod(0o700)
        except OSError as error:
            raise SuperseeError(
                f"There is no place for engines in {self.folder}",
                error.strerror or str(error),
                "Make the folder writable, or set XDG_CACHE_HOME to another.",
            ) from error


def _read_manifest(path: Path) -> Stored:
    """Raises ValueError for what is none of ours, OSError."""
    status = path.stat()
    if status.st_size > _LARGEST_MANIFEST:
        raise ValueError("its manifest is too large")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["schema"] != SCHEMA_VERSION:
            raise ValueError(f"its schema is {content['schema']!r}")
        kind, file, size, digest = content["kind"], content["file"], content["bytes"], content["sha256"]
        key, details = key_from(content["key"]), content["details"]
    except (TypeError, KeyError, RecursionError, UnicodeDecodeError) as error:
        raise ValueError(f"its manifest is damaged ({type(error).__name__})") from error
    if kind not in ("engine", "runtime") or type(size) is not int or not isinstance(digest, str):
        raise ValueError("its manifest is damaged")
    if not isinstance(file, str) or Path(file).name != file or not isinstance(details, dict):
        raise ValueError("its manifest is damaged")
    return Stored(kind, key, path, path.parent / file, size, digest, status.st_mtime, details)


def _checked_data(stored: Stored) -> bytes:
    """Raises ValueError where it is not what was written."""
    found = stored.data.stat().st_size
    if found != stored.size:
        raise ValueError(f"it has {found} of {stored.size} bytes")
    data = stored.data.read_bytes()
    if hashlib.sha256(data).hexdigest() != stored.sha256:
        raise ValueError("its contents have changed")
    return data


def _write(path: Path, data: bytes) -> None:
    """All of it or nothing, on the disk before it has its name."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
