#!/usr/bin/env bash
# Speaks the Open Inference Protocol with curl alone: once in JSON, once with tensors as bytes.
#
#   curl.sh [HOST:PORT]                         by default localhost:8000; needs curl and unzip
set -euo pipefail
address=${1:-localhost:8000}
models=$(cd "$(dirname "$0")/../../models" && pwd)
url=http://$address/v2/models/digits

echo "The model:"
curl -fsS "$url"

echo
echo "An empty picture, as JSON:"
zeros=$(printf '0,%.0s' $(seq 1023))0
curl -fsS "$url/infer" --data-binary @- <<JSON
{"inputs": [{"name": "image", "shape": [1, 1, 32, 32], "datatype": "FP32", "data": [$zeros]}]}
JSON

# A request with bytes is the JSON part, whose length a header gives, and the tensors right after it. A .npy file is
# such bytes after a head of 128.
echo
echo "Five pictures, as bytes, and the two likeliest digits of each as PROBABILITY:INDEX:"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unzip -p "$models/digits.inputs.npz" image.npy | tail -c 20480 >"$work/tensor"
cat >"$work/head" <<JSON
{"inputs": [{"name": "image", "shape": [5, 1, 32, 32], "datatype": "FP32", "parameters": {"binary_data_size": 20480}}],
 "outputs": [{"name": "probabilities", "parameters": {"classification": 2}}]}
JSON
cat "$work/head" "$work/tensor" >"$work/request"
curl -fsS "$url/infer" --data-binary "@$work/request" \
  -H "Content-Type: application/octet-stream" \
  -H "Inference-Header-Content-Length: $(wc -c <"$work/head")"
echo
