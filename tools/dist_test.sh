#!/usr/bin/env bash
# Test with several processes: dist_test.sh CONFIG CHECKPOINT GPUS [arguments of test.py]
# Variables: NNODES NODE_RANK MASTER_ADDR PORT PYTHON
set -euo pipefail

if [ "$#" -lt 3 ]; then
  echo "error: usage: $0 CONFIG CHECKPOINT GPUS [arguments of test.py]" >&2
  exit 2
fi
config=$1
checkpoint=$2
gpus=$3
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

exec "${PYTHON:-python}" "$tools/dist_run.py" \
  --nnodes="${NNODES:-1}" \
  --node_rank="${NODE_RANK:-0}" \
  --master_addr="${MASTER_ADDR:-127.0.0.1}" \
  --master_port="${PORT:-29500}" \
  --nproc_per_node="$gpus" \
  "$tools/test.py" "$config" "$checkpoint" --launcher pytorch "${@:4}"
