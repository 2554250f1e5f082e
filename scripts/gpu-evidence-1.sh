#!/usr/bin/env bash
# First of two calls on a rented GPU machine: keep the first part of CIFAR-10 outside of the folder that is uploaded anew with each call.
# Before: nasbench data fetch cifar10 && nasbench data pack cifar10 --parts 2 parts
# Upload: this repository and parts/cifar10.part-1-of-2 (46 MiB). Second call: scripts/gpu-evidence-2.sh, before the machine goes back.
set -euo pipefail
KEPT=${KEPT:-/root/cifar10-parts}
mkdir -p "$KEPT"
cp "${PARTS:-parts}"/cifar10.part-* "$KEPT"/
ls -l "$KEPT"
