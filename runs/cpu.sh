#!/usr/bin/env bash
# From an empty folder to src/kinora/weights/kinora-small on two CPU cores, in about five and a half hours.
#
#     runs/cpu.sh                    the whole run; after a kill the same command goes on where it was
#     TRY=1 runs/cpu.sh              every stage with tiny numbers, in a few minutes, into runs/out/try
#
# Needs `make check` to have made .venv, and OpenGL through EGL (see README.md). Measured on a two-core Xeon without AMX:
# drawing 9 minutes (about 6 clips a second), autoencoder 11, latents 7, flow 56, 85, 50 and 50, the decoder again 45. More
# of each is better: CLIPS, FLOW_MINUTES and the others below.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ -n "${TRY:-}" ]; then
  out=${OUT:-runs/out/try}; clips=16; images=64; takes=4; hides=2; shaped=2
  autoencoder=(--steps 3); decoder=(--steps 3); flow=(--steps 3); motion=(--steps 2); last=(--steps 2); shapes=(--steps 2); to=$out/model
else
  out=${OUT:-runs/out/cpu}; clips=${CLIPS:-2048}; images=${IMAGES:-6144}; takes=${TAKES:-384}; hides=${HIDES:-96}; shaped=${SHAPED:-72}
  autoencoder=(--minutes "${AUTOENCODER_MINUTES:-11}"); decoder=(--minutes "${DECODER_MINUTES:-45}")
  flow=(--minutes "${FLOW_MINUTES:-56}"); motion=(--minutes "${MOTION_MINUTES:-85}"); last=(--minutes "${LAST_MINUTES:-50}")
  shapes=(--minutes "${SHAPES_MINUTES:-50}")
  to=${TO:-src/kinora/weights/kinora-small}
fi
cores=${CORES:-2}
export PATH="$PWD/.venv/bin:$PATH"
export OMP_WAIT_POLICY=PASSIVE # threads that spin while they wait take the other process's core

stage() { printf '\n== %s ==\n' "$*"; }

stage draw "$clips clips and $images pictures"
kinora world render "$out/world" --clips "$clips" --images "$images" --processes "$cores"
for take in next hidden; do # eight seconds in two parts: how a video goes on beyond its first window
  count=$takes seed=77; [ $take = hidden ] && count=$hides seed=78
  kinora world render "$out/$take" --continued $take --clips "$count" --images 0 --frames 65 --seed $seed --processes "$cores"
done
sizes=(256x144 144x256 160x96 96x160 192x64 64x192 192x128 128x192) # 16:9 and its neighbours, and how far it may go
for k in "${!sizes[@]}"; do
  kinora world render "$out/shapes/${sizes[k]}" --size "${sizes[k]}" --clips "$shaped" --images 0 --seed $((101 + k)) --processes "$cores"
done

stage autoencoder
[ -e "$out/vae/vae.json" ] || kinora train autoencoder "$out/world" --out "$out/vae" --threads "$cores" "${autoencoder[@]}"

stage latents
for data in world next hidden "${sizes[@]/#/shapes/}"; do kinora train latents "$out/$data" --vae "$out/vae" --threads "$cores"; done

# One process a core, in lockstep: products of a model this small are too short to split over threads.
train() { # RECIPE OUT ARGUMENTS
  local recipe=$1 to=$2; shift 2
  stage "$recipe"
  torchrun --nproc-per-node "$cores" --master-port "${PORT:-29511}" -m kinora train flow "$out/world" \
    --recipe "$recipe" --vae "$out/vae" --out "$out/$to" "$@"
}
train cpu_small flow "${flow[@]}"
train cpu_small_motion motion --init "$out/flow" "${motion[@]}"
train cpu_small_takes last --init "$out/motion" --takes "$out/next" --takes "$out/hidden" "${last[@]}"
train cpu_small_shapes shaped --init "$out/last" --takes "$out/next" --takes "$out/hidden" \
  "${sizes[@]/#/--shapes=$out/shapes/}" "${shapes[@]}"

# The transformer is done, so the decoder may change again: it learns to forgive what a sampler leaves in latents.
stage decoder
[ -e "$out/decoder/vae.json" ] ||
  kinora train autoencoder "$out/world" --refine "$out/vae" --out "$out/decoder" --threads "$cores" "${decoder[@]}"

stage export
card=(); [ -e "$to/MODEL_CARD.md" ] && card=(--card "$to/MODEL_CARD.md")
kinora train export "$out/shaped" --vae "$out/decoder" --recipe cpu_small_shapes --version 3 --out "$to" "${card[@]}"
