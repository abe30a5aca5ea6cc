#!/usr/bin/env python3
"""Uses libmass.so as a Python program would: ctypes for mass.h, numpy arrays as tensors. Exits nonzero on failure.

    python3 Tests/Python/test_abi.py [LIBRARY]      by default .build/release/libmass.so
"""
import ctypes
import pathlib
import re
import subprocess
import sys
import tempfile
from ctypes import POINTER, byref, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint8, c_uint16, c_uint64, c_void_p

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LIBRARY = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / ".build/release/libmass.so").resolve()
HEADER = ROOT / "Sources/CABI/CMass/include/mass.h"
OK, BAD_FORMAT, MISMATCH = 0, 3, 5
CODES = {"i": 0, "u": 1, "f": 2, "c": 5, "b": 6}


class DType(ctypes.Structure):
    _fields_ = [("code", c_uint8), ("bits", c_uint8), ("lanes", c_uint16)]


class Device(ctypes.Structure):
    _fields_ = [("type", c_int32), ("id", c_int32)]


class Tensor(ctypes.Structure):
    """mass_tensor, and DLTensor."""

    _fields_ = [
        ("data", c_void_p),
        ("device", Device),
        ("ndim", c_int32),
        ("dtype", DType),
        ("shape", POINTER(c_int64)),
        ("strides", POINTER(c_int64)),
        ("byte_offset", c_uint64),
    ]


class ManagedTensor(ctypes.Structure):
    """DLManagedTensor, whose first field is all that is needed."""

    _fields_ = [("tensor", Tensor), ("context", c_void_p), ("deleter", c_void_p)]


class ValueInfo(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("name", c_char_p),
        ("kind", c_int32),
        ("dtype", DType),
        ("rank", c_int64),
        ("shape", POINTER(c_int64)),
        ("symbols", POINTER(c_char_p)),
    ]


PROGRESS = ctypes.CFUNCTYPE(None, c_void_p, c_char_p, c_double)


class CompileOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("threads", c_int32),
        ("strict", c_int32),
        ("shapes", c_void_p),
        ("shape_count", c_size_t),
        ("untuned", c_int32),
        ("reserved", c_int32),
        ("progress", PROGRESS),
        ("progress_context", c_void_p),
    ]


class Failure(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


mass = ctypes.CDLL(str(LIBRARY))
mass.mass_version_string.restype = c_char_p
mass.mass_error_message.restype = c_char_p
mass.mass_error_message.argtypes = [c_void_p]
mass.mass_model_input_count.restype = mass.mass_model_output_count.restype = c_size_t
mass.mass_model_input_count.argtypes = mass.mass_model_output_count.argtypes = [c_void_p]


def call(function, *arguments):
    """Calls a function that takes a `mass_error **` last."""
    error = c_void_p()
    status = function(*arguments, byref(error))
    if status != OK:
        message = mass.mass_error_message(error).decode()
        assert mass.mass_error_status(error) == status
        mass.mass_error_destroy(byref(error))
        raise Failure(status, message)
    assert error.value is None


def created(function, *arguments):
    handle = c_void_p()
    call(function, *arguments, byref(handle))
    assert handle.value
    return handle


def describe(array, strided=True):
    """A descriptor of an array's memory, which must outlive it."""
    shape = (c_int64 * array.ndim)(*array.shape)
    strides = (c_int64 * array.ndim)(*(step // array.itemsize for step in array.strides)) if strided else None
    dtype = DType(CODES[array.dtype.kind], 8 * array.itemsize, 1)
    return Tensor(array.ctypes.data, Device(1, 0), array.ndim, dtype, shape, strides, 0)


def as_array(tensor):
    """A view of a float tensor."""
    assert (tensor.dtype.code, tensor.dtype.bits, tensor.dtype.lanes) == (2, 32, 1)
    shape = tuple(tensor.shape[: tensor.ndim])
    return np.ctypeslib.as_array(ctypes.cast(tensor.data, POINTER(ctypes.c_float)), shape)


def run(session, inputs, outputs):
    inputs = (Tensor * len(inputs))(*inputs)
    call(mass.mass_session_run, session, inputs, c_size_t(len(inputs)), outputs, c_size_t(len(outputs)))


def compile_digits(path):
    stages = []

    @PROGRESS
    def progress(_, stage, fraction):
        assert 0 <= fraction <= 1
        stages.append(stage.decode())

    options = CompileOptions(struct_size=ctypes.sizeof(CompileOptions), progress=progress)
    call(mass.mass_compile, str(ROOT / "models/digits.onnx").encode(), str(path).encode(), byref(options))
    assert stages and path.stat().st_size > 0


def check_types(model):
    assert mass.mass_model_input_count(model) == mass.mass_model_output_count(model) == 1
    info = ValueInfo(struct_size=ctypes.sizeof(ValueInfo))
    call(mass.mass_model_input, model, c_size_t(0), byref(info))
    assert (info.name, info.kind, info.dtype.code, info.dtype.bits) == (b"image", 1, 2, 32)
    assert info.shape[:4] == [-1, 1, 32, 32] and info.symbols[:4] == [b"N", None, None, None]
    call(mass.mass_model_output, model, c_size_t(0), byref(info))
    assert info.name == b"probabilities" and info.shape[:2] == [-1, 10]


def check_answers(model, images, expected):
    session = created(mass.mass_session_create, model, None)
    lent = (Tensor * 1)()
    for batch in (5, 1, 3, 3, 5):
        own = np.zeros((batch, 10), np.float32)
        run(session, [describe(images[:batch])], (Tensor * 1)(describe(own)))
        np.testing.assert_allclose(own, expected[:batch], rtol=1e-3, atol=1e-4)
        run(session, [describe(images[:batch], strided=False)], lent)
        np.testing.assert_array_equal(as_array(lent[0]), own)
    mass.mass_session_destroy(byref(session))
    assert session.value is None


def check_dlpack(model, images, expected):
    """numpy's own DLPack descriptor is taken as it is."""
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = c_void_p, [ctypes.py_object, c_char_p]
    capsule = images.__dlpack__()
    managed = ctypes.cast(pointer(capsule, b"dltensor"), POINTER(ManagedTensor)).contents
    session = created(mass.mass_session_create, model, None)
    outputs = (Tensor * 1)()
    run(session, [managed.tensor], outputs)
    np.testing.assert_allclose(as_array(outputs[0]), expected, rtol=1e-3, atol=1e-4)
    mass.mass_session_destroy(byref(session))


def check_refusals(model, images):
    session = created(mass.mass_session_create, model, None)
    outputs = (Tensor * 1)()
    wrong = {
        "got f32[5x32x32]": images[:, 0],
        "got f64[5x1x32x32]": images.astype(np.float64),
        "got i32[5x1x32x32]": images.astype(np.int32),
        "got bool[5x1x32x32]": images.astype(bool),
        "strides": images.transpose(0, 1, 3, 2),
        "got f32[5x1x16x32]": np.ascontiguousarray(images[:, :, ::2]),
    }
    for text, array in wrong.items():
        try:
            run(session, [describe(array)], outputs)
            raise AssertionError(f"expected a failure with {text!r}")
        except Failure as failure:
            assert failure.status == MISMATCH and text in str(failure), failure
    mass.mass_session_destroy(byref(session))


def check_memory(path, images, expected):
    data = path.read_bytes()
    model = created(mass.mass_model_open_memory, data, c_size_t(len(data)), None)
    check_answers(model, images, expected)
    mass.mass_model_destroy(byref(model))
    for count in (0, 7, 8, 63, len(data) // 2, len(data) - 1):
        try:
            created(mass.mass_model_open_memory, data[:count], c_size_t(count), None)
            raise AssertionError(f"expected {count} bytes of {path.name} to be refused")
        except Failure as failure:
            assert failure.status == BAD_FORMAT, failure


def check_exports():
    """The library exports what the header declares, and nothing else."""
    declared = set(re.findall(r"^MASS_API [^;]*?\b(mass_\w+)\(", HEADER.read_text(), re.MULTILINE))
    symbols = subprocess.check_output(["nm", "-D", "--defined-only", str(LIBRARY)], text=True)
    exported = {line.split()[-1] for line in symbols.splitlines()}
    assert declared and exported == declared, f"exports and declarations differ by {sorted(exported ^ declared)}"


def main():
    images = np.load(ROOT / "models/digits.inputs.npz")["image"]
    expected = np.load(ROOT / "models/digits.expected.npz")["probabilities"]
    check_exports()
    assert mass.mass_version_string().decode() in HEADER.read_text()
    with tempfile.TemporaryDirectory() as folder:
        plan = pathlib.Path(folder) / "digits.plan"
        compile_digits(plan)
        model = created(mass.mass_model_open, str(plan).encode(), None)
        check_types(model)
        check_answers(model, images, expected)
        check_dlpack(model, images, expected)
        check_refusals(model, images)
        mass.mass_model_destroy(byref(model))
        check_memory(plan, images, expected)
        check_memory(ROOT / "models/digits.onnx", images, expected)
    print(f"{LIBRARY.name} {mass.mass_version_string().decode()}: {len(images)} digits read by Python")


if __name__ == "__main__":
    main()
