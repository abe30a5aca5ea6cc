"""A Ray Serve deployment with ONNX Runtime that speaks the Open Inference Protocol, JSON only: `python ray_server.py PORT`.

One replica behind Ray's HTTP proxy, without a dashboard; it runs until it is ended.
"""
import os
import signal
import sys

import numpy as np
import onnxruntime
import ray
from ray import serve
from starlette.requests import Request

DTYPES = {"FP32": np.float32, "INT64": np.int64}


@serve.deployment(num_replicas=1, max_ongoing_requests=100, ray_actor_options={"num_cpus": 1})
class Model:
    def __init__(self):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(os.environ.get("THREADS", "1"))
        self.session = onnxruntime.InferenceSession(os.environ["MODEL"], options, providers=["CPUExecutionProvider"])
        self.names = [output.name for output in self.session.get_outputs()]

    async def __call__(self, request: Request):
        if request.method == "GET":
            return {"ready": True}
        body = await request.json()
        feeds = {x["name"]: np.array(x["data"], DTYPES[x["datatype"]]).reshape(x["shape"]) for x in body["inputs"]}
        outputs = self.session.run(self.names, feeds)
        return {"model_name": "identity", "outputs": [
            {"name": key, "shape": list(value.shape), "datatype": "FP32", "data": value.ravel().tolist()}
            for key, value in zip(self.names, outputs)]}


ray.init(include_dashboard=False, configure_logging=False, log_to_driver=False,
         runtime_env={"env_vars": {key: os.environ[key] for key in ("MODEL", "THREADS")}})
serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[1])})
serve.run(Model.bind(), route_prefix="/")
signal.sigwait([signal.SIGTERM, signal.SIGINT])
serve.shutdown()
ray.shutdown()
