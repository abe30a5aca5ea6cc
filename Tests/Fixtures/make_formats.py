#!/usr/bin/env python3
"""Writes the fixtures of the format tests: arrays as numpy saves them, pictures with what Pillow reads in them.

    python3 make_formats.py          needs numpy, ml_dtypes and pillow; writes into formats/ beside this script
"""
import io
import pathlib
import zipfile

import ml_dtypes
import numpy as np
from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent / "formats"
DAY = (1980, 1, 1, 0, 0, 0)


def arrays() -> dict:
    """Every dtype and every form of header that a reader may meet."""
    ramp = np.arange(6).reshape(2, 3)
    kinds = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32",
             "float64", "complex64", "complex128"]
    result = {name: ramp.astype(name) for name in kinds}
    result |= {f"big_{name}": ramp.astype(np.dtype(name).newbyteorder(">")) for name in kinds[2:]}
    result |= {
        "scalar": np.float32(1.5), "vector": np.arange(3, dtype=np.int64), "empty": np.zeros((0, 4), np.float32),
        "fortran": np.asfortranarray(np.arange(24, dtype=np.int32).reshape(2, 3, 4)),
        "fortran_text": np.asfortranarray(np.array([["a", "b", "c"], ["d", "e", "f"]])),
        "text": np.array(["", "eins", "zwei und drei", "äöü €", "\N{GRINNING FACE}"]),
        "big_text": np.array(["ab", "ü"], dtype=">U2"), "bytes": np.array([b"abc", b"d", "ä".encode()]),
        "special": np.array([np.nan, np.inf, -np.inf, -0.0], np.float32),
        "bfloat16": np.array([1, -2.5, 3e38], ml_dtypes.bfloat16), "int4": np.array([-8, 7, 1], ml_dtypes.int4),
        "float8_e4m3fn": np.array([1, -2, 448], ml_dtypes.float8_e4m3fn),
        "float4_e2m1fn": np.array([0.5, -6, 3], ml_dtypes.float4_e2m1fn),
    }
    return result


def npy(array, version=None) -> bytes:
    data = io.BytesIO()
    np.lib.format.write_array(data, np.asanyarray(array), version=version)
    return data.getvalue()


def archive(path: pathlib.Path, entries: dict, method: int) -> None:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, data in entries.items():
            info = zipfile.ZipInfo(name + ".npy", DAY)
            info.compress_type = method
            file.writestr(info, data)


def pictures() -> dict:
    """Small pictures with edges and gradients in every form that PNG and JPEG files have."""
    y, x = np.mgrid[0:23, 0:31]
    colour = np.stack([x * 8, y * 11, (x * y) % 256], axis=-1).astype(np.uint8)
    colour[5:12, 9:20] = [255, 0, 64]
    grey = colour[..., 1]
    alpha = np.dstack([colour, (x * 7 % 256).astype(np.uint8)])
    deep = grey.astype(np.uint16) * 257
    return {
        "colour.png": Image.fromarray(colour), "grey.png": Image.fromarray(grey), "alpha.png": Image.fromarray(alpha),
        "palette.png": Image.fromarray(colour).quantize(16), "bits.png": Image.fromarray(grey > 90),
        "deep.png": Image.fromarray(deep), "colour.jpg": Image.fromarray(colour), "grey.jpg": Image.fromarray(grey),
        "progressive.jpg": Image.fromarray(colour),
    }


def decoded(image: Image.Image) -> np.ndarray:
    if image.mode.startswith("I"):
        return (np.asarray(image) // 257).astype(np.uint8)
    return np.asarray(image.convert("L" if image.mode in "1L" else "RGB"))


def main() -> None:
    HERE.mkdir(exist_ok=True)
    entries = {name: npy(value) for name, value in arrays().items()}
    ramp = arrays()["float32"]
    entries |= {f"version_{major}": npy(ramp, (major, 0)) for major in (1, 2, 3)}
    archive(HERE / "stored.npz", entries, zipfile.ZIP_STORED)
    archive(HERE / "deflated.npz", entries, zipfile.ZIP_DEFLATED)
    (HERE / "ramp.npy").write_bytes(entries["float32"])
    (HERE / "text.npy").write_bytes(entries["text"])
    expected = {}
    for name, image in pictures().items():
        image.save(HERE / name, **({"progressive": True} if name.startswith("pro") else {}))
        with Image.open(HERE / name) as read:
            pixels = decoded(read)
        expected[name] = npy(pixels)
    colour = pictures()["colour.png"]
    expected["luma"] = npy(np.asarray(colour.convert("L")))
    for width, height in ((7, 5), (31, 9), (64, 23), (50, 60), (1, 1)):
        expected[f"{width}x{height}"] = npy(np.asarray(colour.resize((width, height), Image.Resampling.BILINEAR)))
    archive(HERE / "pictures.npz", expected, zipfile.ZIP_DEFLATED)


if __name__ == "__main__":
    main()
