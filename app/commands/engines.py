"""`supersee engines build|list|verify|clear`: TensorRT engines ahead of their first use, and what is kept of them."""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.conventions import Size
from app.errors import SuperseeError
from app.inference.manifest import PRECISIONS

_TARGET = re.compile(r"sm\d{2,3}|portable|present")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--folder", type=Path, help="where engines are kept (default: the user's cache)")
    actions = parser.add_subparsers(dest="action", required=True, metavar="build|list|verify|clear")
    build = actions.add_parser("build", help="build engines ahead of their first use; needs no GPU with --target")
    build.add_argument("--network", action="append", metavar="NAME", help="repeatable (default: the first there is)")
    build.add_argument(
        "--target",
        action="append",
        type=_target,
        metavar="smNN",
        help='repeatable; "sm89", "portable" (default: this GPU)',
    )
    build.add_argument(
        "--size",
        action="append",
        type=_size,
        metavar="WxH",
        help="low-resolution size, repeatable (default: those of 720p, 1080p and 1440p to 4K, 540p and 720p to 1080p, "
        "720p and 960p to 1440p)",
    )
    build.add_argument(
        "--precision",
        default="fp16",
        choices=(*PRECISIONS, "auto"),
        help="fp8 from sm89 on; auto measures all on the GPU here and marks the fastest that loses less than 0.1 dB "
        "(default: fp16)",
    )
    build.add_argument("--limit", type=float, default=300.0, metavar="SECONDS", help="for each engine (default: 300)")
    build.add_argument("--rebuild", action="store_true", help="also where the engine is there already")
    actions.add_parser("list", help="what is kept, for what, how large")
    actions.add_parser("verify", help="read everything and compare it with its checksum")
    actions.add_parser("clear", help="remove everything")


def run(args: argparse.Namespace) -> int:
    """1 where `verify` found damage or a build failed, else 0."""
    from app.inference.engine_store import EngineStore

    store = EngineStore(args.folder)
    return {"build": _build, "list": _list, "verify": _verify, "clear": _clear}[args.action](args, store)


def _build(args: argparse.Namespace, store: Any) -> int:
    from app.commands.networks import network_folder
    from app.inference.engine_supply import EngineSupply
    from app.inference.engine_target import ahead_target, common_sizes, target_here
    from app.inference.manifest import load_network

    networks = [load_network(network_folder(name)) for name in args.network or [None]]
    for network in networks if args.precision != "auto" else []:
        network.typed_model(args.precision)  # says what is missing, once
    if args.precision == "auto" and args.target:
        raise SuperseeError(
            "Precisions are compared on the GPU at hand", "--target names another", "Leave out --target, or name one."
        )
    targets = [ahead_target(name) for name in args.target or []] or [target_here()]
    sizes = args.size or common_sizes()
    supply = EngineSupply(store, limit=args.limit)
    usable = [target for target in targets if args.precision == "auto" or _computes_in(args.precision, target)]
    failed = len(targets) - len(usable)
    for network in networks:
        for target in usable:
            for size in dict.fromkeys(network.padded(size) for size in sizes):
                one = _compare if args.precision == "auto" else _build_one
                failed += not one(supply, network, size, target, args)
    if failed:
        print(f"{failed} could not be built or kept")  # noqa: T201
    return 1 if failed else 0


def _computes_in(precision: str, target: Any) -> bool:
    """Says once where it does not."""
    try:
        target.check_precision(precision)
    except SuperseeError as error:
        print(f"{target.gpu or target.target}: FAILED: {error}", flush=True)  # noqa: T201
        return False
    return True


def _build_one(supply: Any, network: Any, size: Size, target: Any, args: argparse.Namespace) -> bool:
    name = f"{network.name} {size[0]}x{size[1]} {args.precision} for {target.gpu or target.target}"
    try:
        if args.rebuild:
            supply.forget(network, size, target, args.precision)
        engine = supply.provide(network, size, target, args.precision)
        how = f"built in {engine.seconds:.2f} s" if engine.built else "was here already"
        print(f"{name}: {how}, {_megabytes(len(engine.plan))}", flush=True)  # noqa: T201
        for remark in engine.remarks:
            print(f"  {remark}")  # noqa: T201
        if target.gpu:
            _try_out(supply, network, size, target, args.precision)
        return engine.kept
    except SuperseeError as error:
        print(f"{name}: FAILED: {error}", flush=True)  # noqa: T201
        return False


def _compare(supply: Any, network: Any, size: Size, target: Any, _args: argparse.Namespace) -> bool:
    """Every precision, measured here; the best is marked, and the viewer takes it from then on."""
    from app.inference.precision_choice import keep_choice, measure
    from app.inference.tensorrt_backend import TensorRtBackend

    name = f"{network.name} {size[0]}x{size[1]} for {target.gpu}"
    candidates = measure(
        network,
        size,
        lambda precision: TensorRtBackend(target.library, precision=precision, device=target.device, supply=supply),
    )
    for candidate in candidates:
        print(f"{name}: {candidate.said()}", flush=True)  # noqa: T201
    try:
        best = keep_choice(supply, network, size, target, candidates)
    except SuperseeError as error:
        print(f"{name}: FAILED: {error}", flush=True)  # noqa: T201
        return False
    print(f"{name}: {best.precision} is taken", flush=True)  # noqa: T201
    return True


def _try_out(supply: Any, network: Any, size: Size, target: Any, precision: str) -> None:
    """On the GPU at hand: loaded, its kernels compiled and kept, held against the float32 network."""
    from app.inference.tensorrt_backend import TensorRtBackend

    begun = time.monotonic()
    backend = TensorRtBackend(target.library, precision=precision, device=target.device, supply=supply)
    backend.prepare(network.model, size)
    decibels = backend.gate_db(network.model, size)
    backend.close()
    print(f"  runs here, {decibels:.1f} dB against float32; ready in {time.monotonic() - begun:.2f} s")  # noqa: T201


def _list(_args: argparse.Namespace, store: Any) -> int:
    entries = store.entries()
    for line in _table(entries):
        print(line)  # noqa: T201
    total = sum(entry.size for entry in entries)
    print(f"{len(entries)} files, {_megabytes(total)} in {store.folder}")  # noqa: T201
    return 0


def _table(entries: list[Any]) -> Iterator[str]:
    rows = [("what", "network", "size", "precision", "for", "built by", "MB", "last used", "notes")]
    for entry in entries:
        key = entry.key
        rows.append(
            (
                entry.kind,
                key.network,
                f"{key.size[0]}x{key.size[1]}",
                key.precision,
                key.gpu or key.target,
                f"{key.library} {key.version}",
                f"{entry.size / 1e6:.2f}",
                time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.used)),
                _notes(entry.details),
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows if entries else []:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()


def _notes(details: dict[str, Any]) -> str:
    parts = []
    if isinstance(seconds := details.get("seconds"), int | float):
        parts.append(f"built in {seconds:.2f} s")
    if isinstance(decibels := details.get("gate_db"), int | float):
        parts.append(f"{decibels:.1f} dB against float32")
    if (choice := details.get("choice")) and isinstance(choice, str):
        parts.append(f"taken: {choice}")
    elif isinstance(milliseconds := details.get("network_ms"), int | float):
        parts.append(f"{milliseconds:.3f} ms")
    return ", ".join(parts)


def _verify(_args: argparse.Namespace, store: Any) -> int:
    results = store.verify()
    for what, damage in results:
        print(f"{'DAMAGED' if damage else 'ok     '}  {what}{f': {damage}' if damage else ''}")  # noqa: T201
    bad = sum(bool(damage) for _, damage in results)
    print(f"{len(results)} files, {bad} damaged" + "; they are built again when they are needed" * bool(bad))  # noqa: T201
    return 1 if bad else 0


def _clear(_args: argparse.Namespace, store: Any) -> int:
    count, size = store.clear()
    print(f"{count} files removed, {_megabytes(size)}")  # noqa: T201
    return 0


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.2f} MB"


def _size(text: str) -> Size:
    found = re.fullmatch(r"(\d{2,5})x(\d{2,5})", text)
    if not found or not all(16 <= int(n) <= 8192 for n in found.groups()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 960x540")
    return int(found[1]), int(found[2])


def _target(text: str) -> str:
    if not _TARGET.fullmatch(text.lower()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a target such as sm89")
    return text.lower()
