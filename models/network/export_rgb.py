"""Writing an RGB U-Net as ONNX with a description, for runtimes other than the viewer's: same weights, same bytes.

NHWC, batch 1, height and width free but multiples of `size_multiple`: features (1, h, w, channels) and the memories,
warped to this frame, (1, h / m, w / m, width), to parameters (1, s h, s w, 3 or 4) and the next memories. What stands
around the network (warping, interpolation to the display) is models/network/rgb_model.py and not in the file.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
from torch import nn

from models.network.config import written_settings
from models.network.describe import complexity
from models.network.export import INPUT_NAME, OUTPUT_NAME, OnnxGraph
from models.network.fusion import ConvGru, ConvLstm, LocalAttention
from models.network.rgb_model import RgbModel
from models.network.rgb_unet import INPUTS, RgbUNet
from models.network.save import MODEL_FILE

RGB_MANIFEST_FILE = "rgb_manifest.json"
RGB_SCHEMA_VERSION = 1


def export_rgb_onnx(network: RgbUNet, path: Path) -> None:
    """Writes `network` to `path`; see above for its tensors."""
    config, graph = network.config, OnnxGraph()
    x = graph.node("Transpose", [INPUT_NAME], "input_nchw", perm=[0, 3, 1, 2])
    names = _memory_names(network)
    memory = [graph.node("Transpose", [n], f"{n}_nchw", perm=[0, 3, 1, 2]) for n in names]
    skips = []
    for level, down in enumerate(network.down):
        x = graph.relu(graph.convolution(x, down.enter, f"down{level}_enter"))  # type: ignore[arg-type]
        x = _blocks(graph, x, down.blocks, f"down{level}")  # type: ignore[arg-type]
        skips.append(x)
    x, memory = _FUSIONS.get(type(network.fusion), _nothing)(graph, network.fusion, x, memory)
    for level, (up, skip) in enumerate(zip(network.up, reversed(skips[:-1]))):
        lifted = graph.double(graph.convolution(x, up.lift, f"up{level}_lift"))  # type: ignore[arg-type]
        joined = graph.node("Concat", [lifted, skip], f"up{level}_joined", axis=1)
        x = graph.relu(graph.convolution(joined, up.join, f"up{level}_join"))  # type: ignore[arg-type]
        x = _blocks(graph, x, up.blocks, f"up{level}")  # type: ignore[arg-type]
    x = graph.convolution(x, network.head, "head")
    if config.subpixels > 1:
        x = graph.node("DepthToSpace", [x], "shuffled", blocksize=config.subpixels, mode="CRD")
    graph.node("Transpose", [x], OUTPUT_NAME, perm=[0, 2, 3, 1])
    for name, kept in zip(names, memory):
        graph.node("Transpose", [kept], f"next_{name}", perm=[0, 2, 3, 1])
    small = [1, "coarse_height", "coarse_width", config.widths[-1]]
    fine = [f"{config.subpixels}*{n}" if config.subpixels > 1 else n for n in ("height", "width")]
    graph.write_ports(
        path,
        "supersee-rgb-unet",
        {INPUT_NAME: [1, "height", "width", config.input_channels], **dict.fromkeys(names, small)},
        {OUTPUT_NAME: [1, *fine, config.output_channels], **{f"next_{name}": small for name in names}},
    )


def save_rgb_network(model: RgbModel, folder: Path, name: str) -> None:
    """Writes model.onnx and rgb_manifest.json into `folder`."""
    network = model.network
    assert isinstance(network, RgbUNet)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / MODEL_FILE
    export_rgb_onnx(network, path)
    settings, lr = written_settings(model.config), (64, 64)
    cost = complexity({"kind": model.kind, **settings}, lr, (2 * lr[0], 2 * lr[1]))
    memories = _memory_names(network)
    manifest = {
        "schema_version": RGB_SCHEMA_VERSION,
        "name": name,
        "kind": model.kind,
        "model": MODEL_FILE,
        "files": {MODEL_FILE: hashlib.sha256(path.read_bytes()).hexdigest()},
        "input": {"layout": "NHWC", "groups": {group: INPUTS[group] for group in model.config.inputs}},
        "output": {"layout": "NHWC", "channels": ["red", "green", "blue", "blend"][: model.config.output_channels]},
        "memories": {n: f"next_{n}" for n in memories},
        "memory_channels": model.config.widths[-1],
        "subpixels": model.config.subpixels,
        "size_multiple": model.config.size_multiple,
        "macs_per_pixel": cost.macs / (lr[0] * lr[1]),
        "precision": "float32",
        "architecture": settings,
    }
    (folder / RGB_MANIFEST_FILE).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def _memory_names(network: RgbUNet) -> list[str]:
    return [f"memory{index}" for index in range(int(network.fusion.memories))]  # type: ignore[arg-type]


def _blocks(graph: OnnxGraph, x: str, blocks: nn.Sequential, name: str) -> str:
    for index, block in enumerate(blocks):
        inner = graph.relu(graph.convolution(x, block.first, f"{name}_{index}_first"))  # type: ignore[arg-type]
        inner = graph.convolution(inner, block.second, f"{name}_{index}_second")  # type: ignore[arg-type]
        x = graph.node("Add", [x, inner], f"{name}_{index}")
    return x


def _split(graph: OnnxGraph, x: str, names: list[str], sizes: list[int], axis: int = 1) -> list[str]:
    from onnx import helper

    lengths = graph.constant(f"{x}.lengths", np.array(sizes, np.int64))
    graph.nodes.append(helper.make_node("Split", [x, lengths], names, name=f"Split_{x}", axis=axis))
    return names


def _nothing(_graph: OnnxGraph, _fusion: nn.Module, x: str, memory: list[str]) -> tuple[str, list[str]]:
    return x, memory


def _lstm(graph: OnnxGraph, fusion: ConvLstm, x: str, memory: list[str]) -> tuple[str, list[str]]:
    output, cell = memory
    both = graph.node("Concat", [x, output], "fusion_both", axis=1)
    gates = graph.convolution(both, fusion.gates, "fusion_gates")
    width = fusion.gates.out_channels // 4
    enter, forget, leave, new = _split(graph, gates, ["enter", "forget", "leave", "new"], [width] * 4)
    graph.constant("one", np.array(1.0, np.float32))
    remembers = graph.node("Add", [forget, "one"], "forget_less")
    opened = {n: graph.node("Sigmoid", [g], f"{n}.open") for n, g in (("e", enter), ("f", remembers), ("l", leave))}
    kept = graph.node("Mul", [opened["f"], cell], "cell_kept")
    added = graph.node("Mul", [opened["e"], graph.node("Tanh", [new], "new.tanh")], "cell_added")
    cell = graph.node("Add", [kept, added], "cell")
    output = graph.node("Mul", [opened["l"], graph.node("Tanh", [cell], "cell.tanh")], "fused")
    return output, [output, cell]


def _gru(graph: OnnxGraph, fusion: ConvGru, x: str, memory: list[str]) -> tuple[str, list[str]]:
    (remembered,) = memory
    both = graph.node("Concat", [x, remembered], "fusion_both", axis=1)
    gates = graph.node("Sigmoid", [graph.convolution(both, fusion.gates, "fusion_gates")], "fusion_open")
    width = fusion.candidate.out_channels
    update, reset = _split(graph, gates, ["update", "reset"], [width] * 2)
    seen = graph.node("Concat", [x, graph.node("Mul", [reset, remembered], "recalled")], "fusion_seen", axis=1)
    candidate = graph.node("Tanh", [graph.convolution(seen, fusion.candidate, "fusion_candidate")], "candidate")
    change = graph.node("Mul", [update, graph.node("Sub", [candidate, remembered], "difference")], "change")
    fused = graph.node("Add", [remembered, change], "fused")
    return fused, [fused]


def _attention(graph: OnnxGraph, fusion: LocalAttention, x: str, memory: list[str]) -> tuple[str, list[str]]:
    """Now and before lie in the batch for what is done to both alike; places are unfolded by a convolution of ones."""
    width, heads = fusion.width, fusion.heads
    depth = width // heads
    for name, shape in (("asking", [1, heads, depth, 1, -1]), ("asked", [2, heads, depth, 9, -1])):
        graph.constant(f"{name}_shape", np.array(shape, np.int64))
    both = graph.node("Concat", [x, *memory], "fusion_both", axis=0)
    pair = graph.convolution(both, fusion.key_value, "fusion_key_value")
    around = {
        name: _around(graph, part, width)
        for name, part in zip(("key", "value"), _split(graph, pair, ["key", "value"], [width] * 2))
    }
    query = graph.convolution(x, fusion.query, "fusion_query")
    query = graph.node("Reshape", [query, "asking_shape"], "asking")
    graph.constant("over_depth", np.array([2], np.int64))
    graph.constant("over_places", np.array([3], np.int64))
    graph.constant("temper", np.array(depth**-0.5, np.float32))
    graph.constant("fusion_position", fusion.position.detach().float().numpy().reshape(1, heads, 1, 18, 1))
    scores = graph.node("Mul", [query, around["key"]], "agreement")
    scores = graph.node("ReduceSum", [scores, "over_depth"], "scores", keepdims=1)
    scores = graph.node("Add", [graph.node("Mul", [scores, "temper"], "tempered"), "fusion_position"], "placed")
    weights = graph.node("Softmax", [scores], "weights", axis=3)
    mixed = graph.node("Mul", [weights, around["value"]], "weighed")
    mixed = graph.node("ReduceSum", [mixed, "over_places"], "mixed", keepdims=0)
    mixed = graph.node("Reshape", [mixed, graph.node("Shape", [x], "x_shape")], "mixed_nchw")
    fused = graph.node("Add", [x, graph.convolution(mixed, fusion.out, "fusion_out")], "fused")
    return fused, [fused]


def _around(graph: OnnxGraph, image: str, width: int) -> str:
    """(2, C, h, w), now and before, to (1, heads, C / heads, 18 places, h w), as torch's unfold orders them."""
    ones = graph.constant(f"{image}.places", np.tile(np.eye(9, dtype=np.float32), (width, 1)).reshape(-1, 1, 3, 3))
    places = graph.node("Conv", [image, ones], f"{image}.around", kernel_shape=[3, 3], pads=[1] * 4, group=width)
    places = graph.node("Reshape", [places, "asked_shape"], f"{image}.asked")
    times = _split(graph, places, [f"{image}.now", f"{image}.before"], [1, 1], axis=0)
    return graph.node("Concat", times, f"{image}.everywhere", axis=3)


_FUSIONS = {ConvLstm: _lstm, ConvGru: _gru, LocalAttention: _attention}
