#!/usr/bin/env bash
# The evidence without a GPU: some thirty hours of two cores at the lowest priority, resumed by the same command after any stop.
# Run it from a clone of its own at the commit of the registration, so that work in a checkout changes nothing beneath it:
#   git clone . ~/cifar10-evidence && ~/cifar10-evidence/scripts/cpu-evidence.sh
# WORK holds checkpoints and must stay; the file of evidence appears in OUT after the search and after each seed.
set -euo pipefail
cd "$(dirname "$0")/.."
OUT=${OUT:-reports/evidence}
unset OMP_NUM_THREADS OPENBLAS_NUM_THREADS
# A process group of its own, at the lowest priority where the kernel shares out time by groups.
exec setsid -w bash -c '{ echo 19 > /proc/self/autogroup; } 2>/dev/null || true; exec nice -n 19 "$@"' _ \
    "${PYTHON:-python3}" -u -m nasbench.live.evidence --device cpu --out "$OUT" ${WORK:+--work "$WORK"} ${DATA:+--data "$DATA"}
