"""The builder's listing, read: what is a copy at the boundary and what is not."""

from __future__ import annotations

from app.inference.engine_report import boundary_problem, read_layers

_CONV = (
    "Name: {name}, LayerType: {kind}, Inputs: [ {{ Name: {input}, Dimensions: [1,40,9,16], Strides: [{strides}], "
    "StrideOrder: [3,0,2,1], Datatype: {type}, Format: (NHWC) Channel major format }}], Constants: [ {{ Name: c0, "
    "Dimensions: [16,40,1,1], Strides: [40,1,40,40], StrideOrder: [3,0,2,1], Datatype: Half, Format: (NHWC) Channel "
    "major format }}], Outputs: [ {{ Name: {output}, Dimensions: [1,16,9,16], Strides: [2304,1,256,16], StrideOrder: "
    "[3,0,2,1], Datatype: Half, Format: (NHWC) Channel major format }}], TacticName: stub, StreamId: 0, Metadata: x"
)
_NHWC = "5760,1,640,40"


def listing(*layers: dict[str, str]) -> str:
    defaults = {"name": "conv", "kind": "correlation", "strides": _NHWC, "type": "Half"}
    return "Layers:\n" + "\n".join(_CONV.format(**(defaults | layer)) for layer in layers) + "\n\nI/O Tensors:\n"


def problem(*layers: dict[str, str]) -> str:
    return boundary_problem(read_layers(listing(*layers)), "features", "parameters")


def test_two_convolutions_that_touch_the_outside_are_in_order() -> None:
    both = {"input": "features", "output": "a"}, {"input": "a", "output": "parameters"}
    layers = read_layers(listing(*both))
    assert [(layer.inputs[0].name, layer.outputs[0].name) for layer in layers] == [
        ("features", "a"),
        ("a", "parameters"),
    ]
    assert layers[0].inputs[0].strides == (5760, 1, 640, 40)
    assert problem(*both) == ""


def test_copies_other_layouts_and_other_types_are_named() -> None:
    last = {"input": "a", "output": "parameters"}
    first = {"input": "features", "output": "a"}
    assert "copy, which is no convolution, reads features" in problem(first | {"name": "copy", "kind": "kgen"}, last)
    assert "writes parameters" in problem(first, last | {"kind": "reformat"})
    assert "strides (5760, 144, 16, 1)" in problem(first | {"strides": "5760,144,16,1"}, last)
    assert "features is Float" in problem(first | {"type": "Float"}, last)
    assert "no layer reads features" in problem(last)


def test_a_convolution_fused_with_its_activation_is_one_and_another_fused_kernel_is_none() -> None:
    last = {"input": "a", "output": "parameters"}
    fused = {"input": "features", "output": "a", "kind": "runtime_fusion"}
    assert problem(fused | {"name": "__myl_CorrMulMax_myl0_0"}, last) == ""
    assert "which is no convolution" in problem(fused | {"name": "__myl_TranMul_myl0_0"}, last)


def test_what_is_no_listing_gives_no_layers() -> None:
    assert read_layers("") == ()
    assert read_layers("Layers:\nsomething else entirely {[(") == ()
