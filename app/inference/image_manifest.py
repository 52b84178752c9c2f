"""Single-image networks (SRCNN, ESPCN, EDSR) as files: which there are, and the checks before one is used.

A folder holds image_manifest.json and the files it names; see app/inference/image_space.py for what they read and
write. As with app/inference/manifest.py, everything in it comes from outside the program.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.conventions import Size, render_size
from app.errors import SuperseeError
from app.inference.image_space import IMAGE_CHANNELS
from app.inference.manifest import check_tensor, checked_file, read_manifest, refused
from app.paths import WEIGHTS

log = logging.getLogger(__name__)

IMAGE_MANIFEST_FILE = "image_manifest.json"
"""Not manifest.json: the temporal passes must not take a single-image network for one of theirs."""
IMAGE_SCHEMA_VERSION = 1
IMAGE_KINDS = ("srcnn", "espcn", "edsr")
_RATIOS = (2, 3)


@dataclass(frozen=True, slots=True)
class ImageNetwork:
    """A network that passed the checks of `load_image_network`.

    kind            one of IMAGE_KINDS
    ratio           display over render size that it was trained for; it does no other
    enlarges        its output over its input: 1 where the picture is enlarged before it
    macs_per_pixel  multiply-adds per LR pixel
    architecture    models.network's description, for the lab and for display only
    """

    name: str
    kind: str
    ratio: int
    enlarges: int
    folder: Path
    model: Path
    sha256: str
    macs_per_pixel: float
    architecture: dict[str, Any]

    def fits(self, render: Size, display: Size) -> bool:
        return render_size(display, self.ratio) == render

    def input_size(self, render: Size, display: Size) -> Size:
        """(width, height) of the tensor it reads."""
        return display if self.enlarges == 1 else render


def load_image_network(folder: Path) -> ImageNetwork:
    """Reads and checks a network's folder. Raises SuperseeError where it is missing, damaged or of another kind."""
    path = folder / IMAGE_MANIFEST_FILE
    data = read_manifest(path)
    if data.get("schema_version") != IMAGE_SCHEMA_VERSION:
        why = f"its schema is {data.get('schema_version')!r}, and {IMAGE_SCHEMA_VERSION} is known here"
        raise refused(path, why)
    check_tensor(path, data, "input", IMAGE_CHANNELS)
    check_tensor(path, data, "output", IMAGE_CHANNELS)
    kind, ratio, enlarges = data.get("kind"), data.get("ratio"), data.get("enlarges")
    if kind not in IMAGE_KINDS:
        raise refused(path, f"its kind is {kind!r}, and {', '.join(IMAGE_KINDS)} are known here")
    if ratio not in _RATIOS or enlarges not in (1, ratio):
        raise refused(path, f"its ratio is {ratio!r} and it enlarges {enlarges!r} times, which cannot be")
    name, files, model = data.get("name"), data.get("files"), data.get("model")
    macs, architecture = data.get("macs_per_pixel"), data.get("architecture", {})
    if not (isinstance(name, str) and name and isinstance(files, dict) and isinstance(architecture, dict)):
        raise refused(path, "name, files or architecture is missing or of the wrong type")
    if isinstance(macs, bool) or not isinstance(macs, int | float):
        raise refused(path, "macs_per_pixel is missing or of the wrong type")
    if not isinstance(model, str) or model not in files:
        raise refused(path, f"the model {model!r} is not among its files")
    digests = {file: checked_file(path, file, digest) for file, digest in files.items()}
    return ImageNetwork(name, kind, ratio, enlarges, folder, folder / model, digests[model], float(macs), architecture)


def image_kinds(weights: Path = WEIGHTS) -> tuple[str, ...]:
    """The kinds of which `weights` holds a network, in the order of IMAGE_KINDS. Only names are looked at: a damaged
    network is a kind that says what is wrong with it when it is chosen."""
    found = {kind for kind, _ in _described(weights)}
    return tuple(kind for kind in IMAGE_KINDS if kind in found)


def image_networks(kind: str, weights: Path = WEIGHTS) -> tuple[ImageNetwork, ...]:
    """All networks of `kind` in `weights`, one for each ratio, the smallest first. Raises SuperseeError where there is
    none, or one that cannot be used."""
    loaded = [load_image_network(folder) for found, folder in _described(weights) if found == kind]
    if not loaded:
        raise SuperseeError(
            f"There is no {kind} network",
            f"no {IMAGE_MANIFEST_FILE} in {weights} is of this kind",
            f"Train one with `python -m models train --config models/configs/{kind}.toml` and export it.",
        )
    by_ratio = {network.ratio: network for network in reversed(loaded)}
    return tuple(by_ratio[ratio] for ratio in sorted(by_ratio))


def _described(weights: Path) -> list[tuple[str, Path]]:
    """(kind, folder) of every manifest in `weights` that can be read, by folder name."""
    found = []
    for path in sorted(weights.glob(f"*/{IMAGE_MANIFEST_FILE}")):
        try:
            found.append((str(read_manifest(path).get("kind")), path.parent))
        except SuperseeError as error:
            log.warning("%s", error)
    return found
