#!/usr/bin/env bash
# Train on a slurm cluster:
#   slurm_train.sh PARTITION JOB_NAME CONFIG WORK_DIR [arguments of train.py]
# Variables: GPUS GPUS_PER_NODE CPUS_PER_TASK SRUN_ARGS (words) PYTHON
set -euo pipefail

if [ "$#" -lt 4 ]; then
  echo "error: usage: $0 PARTITION JOB_NAME CONFIG WORK_DIR [arguments]" >&2
  exit 2
fi
partition=$1
job_name=$2
config=$3
work_dir=$4
gpus_per_node=${GPUS_PER_NODE:-8}
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
read -ra srun_args <<<"${SRUN_ARGS:-}"

exec srun --partition="$partition" \
  --job-name="$job_name" \
  --gres="gpu:$gpus_per_node" \
  --ntasks="${GPUS:-8}" \
  --ntasks-per-node="$gpus_per_node" \
  --cpus-per-task="${CPUS_PER_TASK:-5}" \
  --kill-on-bad-exit=1 \
  ${srun_args[@]+"${srun_args[@]}"} \
  "${PYTHON:-python}" -u "$tools/train.py" "$config" \
  --work-dir "$work_dir" --launcher slurm "${@:5}"
