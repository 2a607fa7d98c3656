#!/usr/bin/env bash
# Train with several processes: dist_train.sh CONFIG GPUS [arguments of train.py]
# Variables: NNODES NODE_RANK MASTER_ADDR PORT PYTHON
set -euo pipefail

if [ "$#" -lt 2 ]; then
  echo "error: usage: $0 CONFIG GPUS [arguments of train.py]" >&2
  exit 2
fi
config=$1
gpus=$2
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

exec "${PYTHON:-python}" "$tools/dist_run.py" \
  --nnodes="${NNODES:-1}" \
  --node_rank="${NODE_RANK:-0}" \
  --master_addr="${MASTER_ADDR:-127.0.0.1}" \
  --master_port="${PORT:-29500}" \
  --nproc_per_node="$gpus" \
  "$tools/train.py" "$config" --launcher pytorch "${@:3}"
