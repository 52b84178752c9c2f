"""Which trained networks are here, and the one that a command uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from app.conventions import Size
from app.errors import SuperseeError
from app.paths import WEIGHTS

DEFAULT_NETWORK = "lite"


def network_names(folder: Path = WEIGHTS) -> list[str]:
    """Folders with a manifest, the default one first."""
    found = sorted(path.parent.name for path in folder.glob("*/manifest.json"))
    return sorted(found, key=lambda name: name != DEFAULT_NETWORK)


def network_folder(name: str | None = None, folder: Path = WEIGHTS) -> Path:
    """The folder of the network called `name` (or a path to one); by default the first there is."""
    names = network_names(folder)
    if name is None:
        if not names:
            raise SuperseeError(
                "There is no trained network", f"{folder} holds none", "Train one with `python -m models train`."
            )
        return folder / names[0]
    for candidate in (folder / name, Path(name)):
        if (candidate / "manifest.json").is_file():
            return candidate
    listed = ", ".join(names) or "none"
    raise SuperseeError(f'There is no network "{name}"', f"no manifest.json was found; there are: {listed}")


def neural_options(name: str | None) -> Callable[[str, Size], Mapping[str, object]]:
    """Constructor options by method for a Comparison; the network is loaded when it is first asked for."""
    loaded: dict[str, object] = {}

    def options(method: str, _render_size: Size) -> Mapping[str, object]:
        if method != "neural":
            return {}
        if not loaded:
            from app.inference.backend_chain import drawing_gpu, make_backend
            from app.inference.manifest import load_network

            loaded.update(network=load_network(network_folder(name)), backend=make_backend(drawing_gpu()))
        return loaded

    return options
