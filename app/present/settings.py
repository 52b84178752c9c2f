"""The settings file: one JSON document with a version. A bad one is set aside and the defaults are used."""

from __future__ import annotations

import json
from pathlib import Path

from app.paths import settings_folder
from app.present.state import ViewerState

VERSION = 1
_LARGEST_BYTES = 64 * 1024


def settings_file() -> Path:
    return settings_folder() / "viewer.json"


def load_settings(path: Path | None = None) -> tuple[ViewerState, str]:
    """The saved state, or the defaults and a sentence that says why."""
    path = path or settings_file()
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise ValueError("the file is too large")
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["version"] != VERSION:
            raise ValueError(f"version {document['version']} is not {VERSION}")
        return ViewerState.restored(document["viewer"]), ""
    except FileNotFoundError:
        return ViewerState(), ""
    except (OSError, ValueError, TypeError, KeyError) as error:
        return ViewerState(), f"Settings were not read, defaults are used: {error} ({_set_aside(path)})"


def save_settings(state: ViewerState, path: Path | None = None) -> str:
    """Writes the file atomically; "" or a sentence that says why it could not."""
    path = path or settings_file()
    text = json.dumps({"version": VERSION, "viewer": state.saved()}, indent=2)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        new.write_text(text + "\n", encoding="utf-8")
        new.replace(path)
    except OSError as error:
        return f"Settings were not saved: {error}"
    return ""


def _set_aside(path: Path) -> str:
    """Keeps the bad file beside the new one; says where."""
    kept = path.with_suffix(".bad.json")
    try:
        path.replace(kept)
    except OSError:
        return str(path)
    return f"kept as {kept}"
