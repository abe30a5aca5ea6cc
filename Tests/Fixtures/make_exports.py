#!/usr/bin/env python3
"""Exports attention with both of PyTorch's exporters, as ONNX test directories with PyTorch's own results.

    python3 make_exports.py     needs torch 2.9 or later, onnxscript and onnx; writes into exports/ beside this script
"""
import pathlib
import shutil

import onnx
import torch
from onnx import numpy_helper
from torch import nn
from torch.nn import functional

HERE = pathlib.Path(__file__).resolve().parent / "exports"
HEADS, WIDTH = 2, 8


class Block(nn.Module):
    """Self-attention with a residual and a layer normalization."""

    def __init__(self, is_causal):
        super().__init__()
        self.is_causal = is_causal
        self.query, self.key, self.value, self.result = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, x, mask=None):
        batch, length, width = x.shape
        q, k, v = (f(x).view(batch, length, HEADS, width // HEADS).transpose(1, 2) for f in (self.query, self.key, self.value))
        y = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=self.is_causal)
        return self.norm(x + self.result(y.transpose(1, 2).reshape(batch, length, width)))


def export(name, inputs, is_traced, is_causal):
    """Writes one test directory."""
    folder = HERE / name
    data = folder / "test_data_set_0"
    data.mkdir(parents=True)
    torch.manual_seed(0)
    block = Block(is_causal).eval()
    names = ["x", "mask"][:len(inputs)]
    axes = [{0: "batch", 1: "length"}, {0: "batch", 3: "length"}][:len(inputs)]
    path = str(folder / "model.onnx")
    if is_traced:
        torch.onnx.export(
            block, inputs, path, dynamo=False, opset_version=17, input_names=names, output_names=["y"],
            dynamic_axes=dict(zip(names, axes)))
    else:
        torch.onnx.export(
            block, inputs, path, dynamo=True, opset_version=18, input_names=names, output_names=["y"],
            external_data=False, dynamic_shapes=tuple({i: torch.export.Dim(n) for i, n in a.items()} for a in axes))
    strip(path)
    for i, (tensor_name, tensor) in enumerate(zip(names, inputs)):
        write(data / f"input_{i}.pb", tensor_name, tensor)
    write(data / "output_0.pb", "y", block(*inputs).detach())


def strip(path):
    """Removes the exporter's stack traces, which name files of the machine it ran on."""
    model = onnx.load(path)
    del model.metadata_props[:]
    for part in [model.graph, *model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output]:
        del part.metadata_props[:]
        part.doc_string = ""
    for function in model.functions:
        for node in [function, *function.node]:
            del node.metadata_props[:]
            node.doc_string = ""
    onnx.save(model, path)


def write(path, name, tensor):
    path.write_bytes(numpy_helper.from_array(tensor.numpy(), name).SerializeToString(deterministic=True))


def main():
    shutil.rmtree(HERE, ignore_errors=True)
    torch.manual_seed(1)
    x = torch.randn(2, 5, WIDTH)
    visible = torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]).bool()[:, None, None, :]
    masks = {"plain": (), "causal": (), "added_mask": (torch.randn(2, 1, 1, 5),), "bool_mask": (visible,)}
    for exporter in ("traced", "exported"):
        for kind, mask in masks.items():
            export(f"attention_{kind}_{exporter}", (x, *mask), exporter == "traced", kind == "causal")


if __name__ == "__main__":
    main()
