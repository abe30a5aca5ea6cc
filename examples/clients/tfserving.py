#!/usr/bin/env python3
"""Reads five handwritten digits as clients of TensorFlow Serving's REST API do.

    pip install numpy
    tfserving.py [HOST:PORT]                    by default localhost:8000
"""
import json
import pathlib
import sys
import urllib.request

import numpy as np

MODELS = pathlib.Path(__file__).resolve().parent.parent.parent / "models"
address = sys.argv[1] if len(sys.argv) > 1 else "localhost:8000"

images = np.load(MODELS / "digits.inputs.npz")["image"]
body = json.dumps({"instances": images.tolist()}).encode()
request = urllib.request.Request(
    f"http://{address}/v1/models/digits:predict", body, {"Content-Type": "application/json"})
with urllib.request.urlopen(request) as answer:
    predictions = json.load(answer)["predictions"]
print(*np.argmax(predictions, axis=1))
