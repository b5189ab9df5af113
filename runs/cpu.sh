#!/usr/bin/env bash
# From an empty folder to src/kinora/weights/kinora-small on two CPU cores, in about an hour and a half.
#
#     runs/cpu.sh                    the whole run; after a kill the same command goes on where it was
#     TRY=1 runs/cpu.sh              every stage with tiny numbers, in a few minutes, into runs/out/try
#
# Needs `make check` to have made .venv, and OpenGL through EGL (see README.md). Measured on a two-core Xeon without AMX:
# drawing 6 minutes (about 6 clips a second), autoencoder 11, latents 5, flow 56, the decoder again 8. More of each is
# better: CLIPS, FLOW_MINUTES and the others below.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ -n "${TRY:-}" ]; then
  out=${OUT:-runs/out/try}; clips=16; images=64; recipe=cpu_tiny
  autoencoder=(--steps 3); decoder=(--steps 3); flow=(--steps 12); to=$out/model
else
  out=${OUT:-runs/out/cpu}; clips=${CLIPS:-2048}; images=${IMAGES:-6144}; recipe=cpu_small
  autoencoder=(--minutes "${AUTOENCODER_MINUTES:-11}"); decoder=(--minutes "${DECODER_MINUTES:-8}")
  flow=(--minutes "${FLOW_MINUTES:-56}")
  to=${TO:-src/kinora/weights/kinora-small}
fi
cores=${CORES:-2}
export PATH="$PWD/.venv/bin:$PATH"
export OMP_WAIT_POLICY=PASSIVE # threads that spin while they wait take the other process's core

stage() { printf '\n== %s ==\n' "$*"; }

stage draw "$clips clips and $images pictures"
kinora world render "$out/world" --clips "$clips" --images "$images" --processes "$cores"

stage autoencoder
[ -e "$out/vae/vae.json" ] || kinora train autoencoder "$out/world" --out "$out/vae" --threads "$cores" "${autoencoder[@]}"

stage latents
kinora train latents "$out/world" --vae "$out/vae" --threads "$cores"

# One process a core, in lockstep: products of a model this small are too short to split over threads.
stage flow
torchrun --nproc-per-node "$cores" --master-port "${PORT:-29511}" -m kinora train flow "$out/world" \
  --recipe "$recipe" --vae "$out/vae" --out "$out/flow" "${flow[@]}"

# The transformer is done, so the decoder may change again: it learns to forgive what a sampler leaves in latents.
stage decoder
[ -e "$out/decoder/vae.json" ] ||
  kinora train autoencoder "$out/world" --refine "$out/vae" --out "$out/decoder" --threads "$cores" "${decoder[@]}"

stage export
card=(); [ -e "$to/MODEL_CARD.md" ] && card=(--card "$to/MODEL_CARD.md")
kinora train export "$out/flow" --vae "$out/decoder" --recipe "$recipe" --out "$to" "${card[@]}"
