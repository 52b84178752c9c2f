"""`python -m models bench-gpu`: the network alone in torch and onnxruntime, to stand beside `supersee bench --gpu`."""

from __future__ import annotations

import argparse
import json
from functools import partial
from pathlib import Path
from typing import Any

from app.commands import choices
from app.conventions import Size
from app.errors import SuperseeError

DEFAULT_SIZES: tuple[Size, ...] = ((640, 360), (960, 540), (1280, 720), (1920, 1080))


def bench_command(options: argparse.Namespace) -> None:
    import torch

    from app.capture.provenance import versions
    from app.commands.networks import network_folder
    from app.inference.gate import load_gate
    from app.inference.manifest import load_network
    from app.measure.network_times import NetworkTimes

    device = _device(options.device)
    torch.backends.cudnn.benchmark = True  # torch at its best: cuDNN tries its algorithms out in the warm-up
    network = load_network(network_folder(options.network))
    if network.gate is None or "fp16" not in network.typed:
        what = "stored answer" if network.gate is None else "float16 model"
        raise SuperseeError(f"{network.name} has no {what}", "", "Export it again: python -m models export")
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "the CPU"
    print(f"{network.name} on {name}, float16, {options.frames} inferences each")  # noqa: T201
    rows = _rows(network, load_gate(network.gate), options, device)
    found = versions("torch", "onnxruntime-gpu", "onnxruntime", "triton")
    times = NetworkTimes(network.name, network.sha256, name, tuple(rows), found)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(times.document(), indent=2) + "\n", encoding="utf-8")
    print(f"written: {options.out}")  # noqa: T201


def _rows(network: Any, gate: Any, options: argparse.Namespace, device: Any) -> list[Any]:
    from models.bench import contenders
    from models.bench.timing import stored_features, timed

    module, rows = contenders.load_module(network), []
    for size in options.sizes:
        padded = network.padded(size)
        features = stored_features(gate, padded, device)
        made = {contenders.EAGER: partial(contenders.eager, module, features)}
        if device.type == "cuda":
            made[contenders.COMPILED] = partial(contenders.compiled, module, features)
            made[contenders.ONNXRUNTIME] = partial(contenders.onnxruntime_cuda, network.typed["fp16"], features)
        for runtime, make in made.items():
            rows.append(timed(runtime, "fp16", padded, make, gate, options.frames, options.warm_up))
            print(_line(rows[-1]), flush=True)  # noqa: T201
    return rows


def _line(row: Any) -> str:
    head = f"{row.size[0]:>5}x{row.size[1]:<5}{row.runtime:28}"
    if row.milliseconds is None:
        return f"{head}not measured: {row.note}"
    figures = "".join(f"{name} {value:8.3f}  " for name, value in row.milliseconds.items())
    return f"{head}{figures}ms, answer {row.worst_db:.1f} dB{'  ' + row.note if row.note else ''}"


def _device(name: str) -> Any:
    import torch

    if name == "cuda" and not torch.cuda.is_available():
        raise SuperseeError(
            "There is no GPU that torch can use", f"torch {torch.__version__}", "--device cpu tries the command out."
        )
    return torch.device(name)


def add_parser(commands: Any) -> None:
    from app.measure.network_times import FILE_NAME

    bench = commands.add_parser("bench-gpu", help="time the network in torch and onnxruntime, for supersee bench --gpu")
    bench.add_argument("--network", default=None, metavar="NAME", help="trained network by name or folder")
    bench.add_argument(
        "--sizes", type=choices.sizes, default=DEFAULT_SIZES, metavar="WxH,..", help="LR sizes (default: 360p to 1080p)"
    )
    bench.add_argument("--frames", type=choices.count, default=300, metavar="N", help="inferences each (default: 300)")
    bench.add_argument("--warm-up", type=choices.count, default=50, metavar="N", help="not counted (default: 50)")
    bench.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="cpu: only to try the command out")
    default = Path("out/bench") / FILE_NAME
    bench.add_argument("--out", type=Path, default=default, metavar="FILE", help=f"default: {default}")
    bench.set_defaults(run_command=bench_command)
