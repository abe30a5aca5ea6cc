"""A FastAPI application with ONNX Runtime that speaks the Open Inference Protocol, JSON only: `uvicorn fastapi_server:app`."""
import os

import numpy as np
import onnxruntime
from fastapi import FastAPI
from pydantic import BaseModel

DTYPES = {"FP32": np.float32, "INT64": np.int64}
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = int(os.environ.get("THREADS", "1"))
session = onnxruntime.InferenceSession(os.environ["MODEL"], options, providers=["CPUExecutionProvider"])
names = [output.name for output in session.get_outputs()]
app = FastAPI()


class Tensor(BaseModel):
    name: str
    shape: list[int]
    datatype: str
    data: list


class Request(BaseModel):
    inputs: list[Tensor]


@app.post("/v2/models/{name}/infer")
def infer(name: str, request: Request):
    feeds = {x.name: np.array(x.data, DTYPES[x.datatype]).reshape(x.shape) for x in request.inputs}
    outputs = session.run(names, feeds)
    return {"model_name": name, "outputs": [
        {"name": key, "shape": list(value.shape), "datatype": "FP32", "data": value.ravel().tolist()}
        for key, value in zip(names, outputs)]}
