"""ONNX Runtime as a runtime of MLServer: `mlserver start FOLDER`, with a model-settings.json that names this class."""
import os

import numpy as np
import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class OnnxRuntimeModel(MLModel):
    async def load(self) -> bool:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(os.environ.get("THREADS", "1"))
        self._session = onnxruntime.InferenceSession(self.settings.parameters.uri, options,
                                                     providers=["CPUExecutionProvider"])
        self._names = [output.name for output in self._session.get_outputs()]
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        feeds = {x.name: NumpyCodec.decode_input(x).astype(np.float32, copy=False) for x in payload.inputs}
        outputs = self._session.run(self._names, feeds)
        return InferenceResponse(model_name=self.name, outputs=[
            NumpyCodec.encode_output(name, value) for name, value in zip(self._names, outputs)])
