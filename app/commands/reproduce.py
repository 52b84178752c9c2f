"""`supersee render --from SHOT.png`: a screenshot drawn again from what it says of itself, and compared with it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from app.errors import SuperseeError

if TYPE_CHECKING:
    from app.commands.headless import Headless, Plan
    from app.present.readback import Shot
    from app.present.shot import Looks
    from app.present.trail import TrailFrame


@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """A record that was checked: what to draw, with which history, and how to look at it."""

    plan: Plan
    trail: list[TrailFrame]
    looks: Looks
    panes: list[tuple[str, str, str, str]]  # method, title, detail, warning
    reference_samples: int


def reproduce(shot: Path, out: Path) -> list[str]:
    """Draws `shot` again into `out`: view and panes, and the buffers too where `shot` is the JSON beside EXRs. Returns
    what there is to say: known differences, then one line a picture. Raises SuperseeError where it cannot be drawn."""
    from app.capture.screenshot import read_record, save_screenshot

    record = read_record(shot)
    redrawn, notes = redraw(record, shot, buffers=shot.suffix.lower() == ".json")
    stem = _stem(shot, record)
    if (out / f"{stem}.png").exists() and (out / f"{stem}.png").samefile(shot.with_name(f"{stem}.png")):
        raise SuperseeError(f"{out} holds the screenshot itself", "it would be overwritten", "Name another --out.")
    written = save_screenshot(out / f"{stem}.png", redrawn.view, redrawn.panes, redrawn.record, redrawn.layers)
    return [*notes, *_compared(written, shot, stem)]


def redraw(record: Mapping[str, Any], shot: Path, buffers: bool = False) -> tuple[Shot, list[str]]:
    """Carries out a record; `shot` is named in messages. The notes say what differs between this machine and the one
    that took it."""
    from app.capture.provenance import traced
    from app.commands.headless import headless
    from app.present.composition import Composition
    from app.present.readback import read_shot

    recipe = recipe_from(record, shot)
    looks = recipe.looks
    with headless(recipe.plan) as run:
        composition = Composition(run.context, looks.pixel_ratio)
        try:
            _replay(run, recipe)
            _take(run, composition, recipe)
            redrawn = read_shot(run.comparison, composition, recipe.plan.scene, looks, buffers)
            here = traced(redrawn.record, recipe.plan.scene)
            return replace(redrawn, record=here), differences(record, here)
        finally:
            composition.release()


def recipe_from(record: Mapping[str, Any], shot: Path) -> Recipe:
    """Checks a record that anyone may have written. Raises SuperseeError where it is damaged, or where what it needs
    (its scene, its network) is missing here."""
    from app.commands.headless import Plan
    from app.conventions import checked_ratio
    from app.present.recorded import recording_at
    from app.present.shot import display_size_from, looks_from
    from app.present.trail import unpacked
    from app.upscale.registry import method_info

    if "trail" not in record:
        raise SuperseeError(f"{shot} cannot be drawn again", "it does not say which frames led up to it")
    try:
        panes = [(str(p["method"]), str(p["title"]), str(p["detail"]), str(p["warning"])) for p in record["panes"]]
        if not 1 <= len(panes) <= 16:
            raise ValueError(f"{len(panes)} panes")
        trail, looks, size = unpacked(record["trail"]), looks_from(record), display_size_from(record)
        ratio, samples = checked_ratio(float(record["ratio"])), int(record["reference_samples"])
        if not 0 <= samples <= 4096:
            raise ValueError(f"{samples} reference samples")
        scene, path, networks = str(record["scene"]), record["path"], record["networks"]
        folder = str(networks["neural"]["folder"]) if "neural" in networks else None
    except SuperseeError:
        raise
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise SuperseeError(
            f"The record in {shot} cannot be used", f"{type(error).__name__}: {error}", "Name one as it was written."
        ) from error
    methods = tuple(dict.fromkeys(pane[0] for pane in panes))
    for name in methods:
        method_info(name)
    scene = _found_scene(scene, shot)
    plan = Plan(
        scene, tuple(pane[0] for pane in panes), path=None if path is None else str(path), size=size, ratio=ratio,
        frames=1, reference=0, network=_found_network(folder, shot), recording=recording_at(scene),
    )  # fmt: skip
    return Recipe(plan, trail, looks, panes, samples)


def differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """What differs between the machine that took a picture and this one, a sentence each: why pixels may differ."""
    notes = []
    if _part(there, "trail", "whole") is not True:
        notes.append("its history is longer than what is recorded of it: single pixels may differ by a step")
    if (there.get("version"), there.get("code")) != (here["version"], here["code"]):
        notes.append(
            f"it was taken by another build of Supersee ({there.get('version')} {there.get('code')}; "
            f"here {here['version']} {here['code']})"
        )
    if there.get("scene_digest") != here["scene_digest"]:
        notes.append(f"{here['scene']} has changed since")
    for method, network in here["networks"].items():
        if _part(there, "networks", method, "sha256") != network["sha256"]:
            notes.append(f"the network {network['name']} has other weights since")
    machines = (
        ("another graphics card", there.get("renderer"), here["renderer"]),
        ("another OpenGL", there.get("opengl"), here["opengl"]),
        ("another backend", there.get("backends"), here["backends"]),
        ("other libraries", there.get("libraries"), here["libraries"]),
        ("another machine", there.get("machine"), here["machine"]),
    )
    notes += [f"{what}: {_plain(now)}, not {_plain(then)}" for what, then, now in machines if then != now]
    return notes


def _part(record: Any, *names: str) -> Any:
    """What stands there in a record that anyone may have written; None where nothing does."""
    for name in names:
        record = record.get(name) if isinstance(record, Mapping) else None
    return record


def _replay(run: Headless, recipe: Recipe) -> None:
    from app.present.trail import replayed

    frames = len(recipe.trail)
    for done in replayed(run.comparison, recipe.trail, recipe.plan.methods):
        if sys.stderr.isatty():
            end = "\n" if done == frames else ""
            print(f"\rframe {done} of {frames} that led up to it", end=end, file=sys.stderr, flush=True)  # noqa: T201
    for name in recipe.plan.methods:
        method = run.comparison.runs[name]
        if method.stands_in:
            raise method.failure or SuperseeError(method.title, method.warning)
    if recipe.reference_samples and "reference" in recipe.plan.methods:
        for _ in run.comparison.reference_steps(recipe.reference_samples):
            pass


def _take(run: Headless, composition: Any, recipe: Recipe) -> None:
    """The pictures, under the words and figures of the screenshot: times are not measured a second time."""
    from app.present.pane_label import PaneContent

    frame = run.comparison.frame
    assert frame is not None
    composition.take(run.comparison.panes(), frame.exposure * recipe.looks.exposure, recipe.looks.filmic)
    composition.relabel([PaneContent(*words) for words in recipe.panes])


def _found_scene(scene: str, shot: Path) -> str:
    from app.scene.builtin import BUILTIN

    path = Path(scene).expanduser()
    if scene in BUILTIN or path.exists():
        return scene if scene in BUILTIN else str(path)
    raise SuperseeError(
        f"The scene of {shot} is missing", f"it was taken of {scene}, which is not here", "Put it back there."
    )


def _found_network(folder: str | None, shot: Path) -> str | None:
    from app.commands.networks import network_names

    names = network_names()
    if folder is None or folder in names:
        return folder
    raise SuperseeError(
        f"The network of {shot} is missing", f"{folder} drew it; there are {', '.join(names) or 'none'}",
        f"Put it into models/weights/{Path(folder).name}.",
    )  # fmt: skip


def _stem(shot: Path, record: Mapping[str, Any]) -> str:
    """The name that view and panes share; a pane's own file adds its number and method."""
    return shot.stem.removesuffix(f"-{record['pane']}-{record.get('method')}") if "pane" in record else shot.stem


def _compared(written: list[Path], shot: Path, stem: str) -> list[str]:
    lines = []
    for new in written:
        old = shot.with_name(new.name)
        if new.suffix == ".json" or not old.is_file():
            lines.append(str(new))
        else:
            lines.append(f"{new}: {_difference(old, new)}")
    return lines


def _difference(old: Path, new: Path) -> str:
    before, now = _pixels(old), _pixels(new)
    if before.shape != now.shape:
        return f"another size than {old.name}: {now.shape[1]}x{now.shape[0]}, not {before.shape[1]}x{before.shape[0]}"
    same = (before == now) | (np.isnan(before) & np.isnan(now))
    if same.all():
        return f"the same as {old.name}, pixel for pixel"
    pixels = 100.0 * float((~same).any(axis=2).mean())
    most = float(np.nanmax(np.abs(before - now)))
    return f"differs from {old.name} in {pixels:.2g} % of its pixels, by {most:.3g} at most"


def _pixels(path: Path) -> np.ndarray:
    """(height, width, channels) float64."""
    from app.capture.image_files import read_layer, read_png

    return (read_png(path)[0] if path.suffix == ".png" else read_layer(path)).astype(float)


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {part}" for name, part in sorted(value.items()))
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
