"""The built-in scenes, and loading any scene by name or path."""

from __future__ import annotations

import difflib
from pathlib import Path

from app.errors import SuperseeError
from app.paths import SCENES
from app.scene.model import SceneModel

_PREFERRED_DEFAULT = "court"
_SUFFIXES = (".gltf", ".glb")


def builtin_names() -> tuple[str, ...]:
    """Names of the scenes that lie in assets/scenes, the default one first."""
    names = sorted(p.stem for p in SCENES.glob("*.glb")) if SCENES.is_dir() else []
    return tuple(sorted(names, key=lambda name: (name != _PREFERRED_DEFAULT, name)))


BUILTIN: tuple[str, ...] = builtin_names()
DEFAULT_SCENE: str = BUILTIN[0] if BUILTIN else _PREFERRED_DEFAULT


def load_scene(name_or_path: str) -> SceneModel:
    """A built-in scene by its name, or a .gltf or .glb file. Raises SuperseeError with what to do."""
    from app.scene.gltf import load_gltf

    path = scene_file(name_or_path)
    return load_gltf(path)


def scene_file(name_or_path: str) -> Path:
    """Where the scene lies. Raises SuperseeError for a name that is neither built in nor on the disk."""
    text = str(name_or_path)
    if _is_plain_name(text):
        built_in = SCENES / f"{text}.glb"
        if built_in.is_file():
            return built_in
    path = Path(text).expanduser()
    if not text or (_is_plain_name(text) and not path.exists()):
        raise SuperseeError(f"There is no scene {text!r}", "it is neither built in nor a file", _advice(text))
    if not path.exists():
        raise SuperseeError(
            f"The scene {path} cannot be opened", "there is no such file", "Give the path of a .gltf or .glb file."
        )
    return path


def _is_plain_name(text: str) -> bool:
    """Not a path: no folders and no scene's suffix."""
    return text not in ("", ".", "..") and not text.lower().endswith(_SUFFIXES) and not set(text) & set("/\\")


def _advice(text: str) -> str:
    names = builtin_names()
    close = difflib.get_close_matches(text.lower(), names, n=1)
    listed = f"Built in are: {', '.join(names)}." if names else ""
    meant = f"Did you mean {close[0]!r}? " if close else ""
    return f"{meant}{listed} Any .gltf or .glb file can be given too.".strip()
