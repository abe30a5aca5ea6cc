#!/usr/bin/env python3
"""Trains the demo model, a small convolutional network that reads handwritten digits, and writes everything around it.

    scripts/python-env models models/train_digits.py

Data: the digits bundled with scikit-learn, enlarged from 8×8 to 32×32. The network, its gradients and Adam are written
out here in numpy, so training needs no framework. All random choices come from one seed: on one machine with one numpy
the result is the same to the bit; elsewhere the order of sums inside the BLAS may change the last digits.

Writes beside itself: digits.onnx, digits.labels.txt, pictures/digit-N.png, digits.inputs.npz (the pictures as the
network takes them) and digits.expected.npz (what ONNX Runtime answers).
"""
import os
import pathlib
import struct
import zlib

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a fixed order of sums

import numpy as np
import onnx
import onnxruntime
from numpy.lib.stride_tricks import sliding_window_view
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

SEED, SIDE, EPOCHS, BATCH = 20, 32, 40, 64
PICTURES = (0, 2, 5, 7, 8)
HERE = pathlib.Path(__file__).resolve().parent


class Convolution:
    """A 3×3 convolution that keeps height and width."""

    def __init__(self, random, inputs, outputs):
        scale = np.sqrt(2 / (9 * inputs))
        self.weights = [
            (random.standard_normal((outputs, inputs, 3, 3)) * scale).astype(np.float32),
            np.zeros(outputs, np.float32),
        ]

    @staticmethod
    def windows(x):
        return sliding_window_view(np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1))), (3, 3), axis=(2, 3))

    def forward(self, x):
        self.seen = self.windows(x)
        y = np.tensordot(self.seen, self.weights[0], ((1, 4, 5), (1, 2, 3)))
        return np.ascontiguousarray(y.transpose(0, 3, 1, 2)) + self.weights[1][:, None, None]

    def backward(self, dy):
        self.gradients = [np.tensordot(dy, self.seen, ((0, 2, 3), (0, 2, 3))), dy.sum((0, 2, 3))]
        turned = self.weights[0][:, :, ::-1, ::-1]
        return np.tensordot(self.windows(dy), turned, ((1, 4, 5), (0, 2, 3))).transpose(0, 3, 1, 2)


class Relu:
    weights = ()

    def forward(self, x):
        self.open = x > 0
        return x * self.open

    def backward(self, dy):
        return dy * self.open


class MaxPool:
    """The largest of each 2×2 block; its gradient goes to every place that holds the largest."""

    weights = ()

    def forward(self, x):
        n, c, h, w = x.shape
        blocks = x.reshape(n, c, h // 2, 2, w // 2, 2)
        y = blocks.max((3, 5), keepdims=True)
        self.winner = blocks == y
        return y.reshape(n, c, h // 2, w // 2)

    def backward(self, dy):
        n, c, h, w = dy.shape
        return (self.winner * dy[:, :, :, None, :, None]).reshape(n, c, h * 2, w * 2)


class Dense:
    """Flatten, then a product with a matrix (outputs × inputs)."""

    def __init__(self, random, inputs, outputs):
        drawn = random.standard_normal((outputs, inputs)) * np.sqrt(1 / inputs)
        self.weights = [drawn.astype(np.float32), np.zeros(outputs, np.float32)]

    def forward(self, x):
        self.shape, self.seen = x.shape, x.reshape(len(x), -1)
        return self.seen @ self.weights[0].T + self.weights[1]

    def backward(self, dy):
        self.gradients = [dy.T @ self.seen, dy.sum(0)]
        return (dy @ self.weights[0]).reshape(self.shape)


class Adam:
    """Adam with its usual constants, over the weights of all layers."""

    def __init__(self, layers):
        self.layers, self.step = [layer for layer in layers if layer.weights], 0
        self.moments = [[(np.zeros_like(w), np.zeros_like(w)) for w in layer.weights] for layer in self.layers]

    def update(self, rate):
        self.step += 1
        rate *= np.sqrt(1 - 0.999**self.step) / (1 - 0.9**self.step)
        for layer, moments in zip(self.layers, self.moments):
            for weight, gradient, (mean, square) in zip(layer.weights, layer.gradients, moments):
                mean += 0.1 * (gradient - mean)
                square += 0.001 * (gradient * gradient - square)
                weight -= np.float32(rate) * mean / (np.sqrt(square) + np.float32(1e-8))


def softmax(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def predict(layers, x):
    for layer in layers:
        x = layer.forward(x)
    return x


def enlarge(images):
    """8×8 pictures of values 0…16 as SIDE×SIDE grey pictures of bytes, bilinear between the centres of pixels."""
    at = np.clip((np.arange(SIDE) + 0.5) * 8 / SIDE - 0.5, 0, 7)
    low = np.minimum(at.astype(int), 6)
    rows = np.zeros((SIDE, 8))
    rows[np.arange(SIDE), low] = 1 - (at - low)
    rows[np.arange(SIDE), low + 1] += at - low
    return np.rint(rows @ images @ rows.T * (255 / 16)).astype(np.uint8)


def tensor(pictures):
    """Byte pictures as the network takes them: N×1×SIDE×SIDE, 0…1."""
    return pictures[:, None].astype(np.float32) / np.float32(255)


def shifted(random, x):
    """Every picture of the batch moved by up to three pixels each way, so that a digit need not stand in the middle."""
    padded = np.pad(x, ((0, 0), (0, 0), (3, 3), (3, 3)))
    moved = [p[:, r : r + SIDE, c : c + SIDE] for p, (r, c) in zip(padded, random.integers(0, 7, (len(x), 2)))]
    return np.stack(moved)


def train(layers, x, y, random):
    optimizer = Adam(layers)
    for epoch in range(EPOCHS):
        order, loss = random.permutation(len(x)), 0.0
        rate = 0.002 * 0.5 * (1 + np.cos(np.pi * epoch / EPOCHS))
        for batch in np.split(order, range(BATCH, len(x), BATCH)):
            p = softmax(predict(layers, shifted(random, x[batch])))
            loss -= np.log(p[np.arange(len(batch)), y[batch]] + 1e-9).sum()
            p[np.arange(len(batch)), y[batch]] -= 1
            dy = p / np.float32(len(batch))
            for layer in reversed(layers):
                dy = layer.backward(dy)
            optimizer.update(rate)
        print(f"epoch {epoch + 1:2}: loss {loss / len(x):.4f}", flush=True)


def exported(layers):
    """The trained layers as an ONNX graph with a symbolic batch."""
    first, second, last = (layer for layer in layers if layer.weights)
    pads, pool = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}, {"kernel_shape": [2, 2], "strides": [2, 2]}
    nodes = [
        helper.make_node("Conv", ["image", "conv1.weight", "conv1.bias"], ["conv1"], "conv1", **pads),
        helper.make_node("Relu", ["conv1"], ["relu1"], "relu1"),
        helper.make_node("MaxPool", ["relu1"], ["pool1"], "pool1", **pool),
        helper.make_node("Conv", ["pool1", "conv2.weight", "conv2.bias"], ["conv2"], "conv2", **pads),
        helper.make_node("Relu", ["conv2"], ["relu2"], "relu2"),
        helper.make_node("MaxPool", ["relu2"], ["pool2"], "pool2", **pool),
        helper.make_node("Flatten", ["pool2"], ["features"], "flatten", axis=1),
        helper.make_node("Gemm", ["features", "dense.weight", "dense.bias"], ["scores"], "dense", transB=1),
        helper.make_node("Softmax", ["scores"], ["probabilities"], "softmax", axis=1),
    ]
    names = (("conv1", first), ("conv2", second), ("dense", last))
    weights = [
        numpy_helper.from_array(np.ascontiguousarray(value), f"{name}.{kind}")
        for name, layer in names
        for kind, value in zip(("weight", "bias"), layer.weights)
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 1, SIDE, SIDE])
    answer = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 10])
    graph = helper.make_graph(nodes, "digits", [image], [answer], weights)
    opsets = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="mass-models")
    onnx.checker.check_model(model, full_check=True)
    return model


def write_png(path, picture):
    """One grey picture, eight bits deep, without filters."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width = picture.shape
    rows = b"".join(b"\0" + row.tobytes() for row in picture)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + data)


def write_examples(pictures, labels):
    """The first held-out picture of each digit in PICTURES, as PNG and as the network's input and expected output."""
    chosen = np.array([np.flatnonzero(labels == digit)[0] for digit in PICTURES])
    (HERE / "pictures").mkdir(exist_ok=True)
    for digit, index in zip(PICTURES, chosen):
        write_png(HERE / "pictures" / f"digit-{digit}.png", pictures[index])
    session = onnxruntime.InferenceSession(HERE / "digits.onnx", providers=["CPUExecutionProvider"])
    image = tensor(pictures[chosen])
    np.savez(HERE / "digits.inputs.npz", image=image)
    np.savez(HERE / "digits.expected.npz", probabilities=session.run(None, {"image": image})[0])


def main():
    random = np.random.default_rng(SEED)
    digits = load_digits()
    split = train_test_split(enlarge(digits.images), digits.target, test_size=0.2, random_state=SEED, stratify=digits.target)
    pictures, held_out, labels, held_out_labels = split
    layers = [Convolution(random, 1, 16), Relu(), MaxPool(), Convolution(random, 16, 32), Relu(), MaxPool()]
    layers.append(Dense(random, 32 * (SIDE // 4) ** 2, 10))
    train(layers, tensor(pictures), labels, random)

    onnx.save(exported(layers), HERE / "digits.onnx")
    (HERE / "digits.labels.txt").write_text("".join(f"{digit}\n" for digit in range(10)))
    session = onnxruntime.InferenceSession(HERE / "digits.onnx", providers=["CPUExecutionProvider"])
    answers = session.run(None, {"image": tensor(held_out)})[0].argmax(1)
    right = int((answers == held_out_labels).sum())
    print(f"held out: {right} of {len(held_out)} right ({right / len(held_out):.2%})")
    write_examples(held_out, held_out_labels)


if __name__ == "__main__":
    main()
