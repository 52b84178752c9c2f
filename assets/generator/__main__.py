"""`python -m assets.generator [court|arcade|garden|icon ...]`: writes everything, or what is named."""

from __future__ import annotations

import importlib
import sys

from app.paths import ASSETS, SCENES

SCENE_NAMES = ("court", "arcade", "garden")


def main(names: list[str]) -> int:
    for name in names or [*SCENE_NAMES, "icon"]:
        if name not in (*SCENE_NAMES, "icon"):
            sys.stderr.write(f"There is no scene {name!r}: choose of {', '.join((*SCENE_NAMES, 'icon'))}.\n")
            return 2
        module = importlib.import_module(f"assets.generator.{name}")
        written = module.build(ASSETS / "icons" if name == "icon" else SCENES)
        sys.stdout.write(f"{written.name}: {written.stat().st_size / 1e6:.2f} MB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
