#!/usr/bin/env python3
"""Reads five handwritten digits with tritonclient over gRPC.

    pip install 'tritonclient[grpc]' numpy
    tritonclient_grpc.py [HOST:PORT]            by default localhost:8001
"""
import pathlib
import sys

import numpy as np
import tritonclient.grpc as grpc

MODELS = pathlib.Path(__file__).resolve().parent.parent.parent / "models"
address = sys.argv[1] if len(sys.argv) > 1 else "localhost:8001"

images = np.load(MODELS / "digits.inputs.npz")["image"]
client = grpc.InferenceServerClient(address)
image = grpc.InferInput("image", list(images.shape), "FP32")
image.set_data_from_numpy(images)
probabilities = client.infer("digits", [image]).as_numpy("probabilities")
print(*probabilities.argmax(axis=1))
client.close()
