#!/usr/bin/env bash
# A 256x256 model at 16 frames a second from an empty folder in a slot of 30 minutes on one H200-class GPU with 16 CPU cores;
# at most 60 MB of weights.
#
#     runs/gpu.sh                    the whole run; within the slot, a kill costs what was not yet saved
#     TRY=1 runs/gpu.sh              every stage with tiny numbers on a CPU, in a few minutes, into runs/out/try-gpu
#
# The processor draws while the GPU fits nothing yet: drawing is what limits such a run (about 43 clips a second at 128x128
# and 33 frames on 16 cores, an eighth of that at 256x256 and 65), so it has the cores for eleven minutes and is then
# stopped; shards not yet whole are left out. Pictures come first: a ninth of a clip's cost a piece, and phase one needs
# nothing else. The minutes below add up to 28. Nothing but time depends on them.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ -n "${TRY:-}" ]; then
  out=${OUT:-runs/out/try-gpu}; device=cpu; recipe=cpu_tiny; size=128x128; frames=33; cores=2; fps=16
  first_clips=8; clips=16; images=32; draw_seconds=600
  autoencoder=(--steps 3 --threads 1); flow=(--steps 12); encode=4
else
  out=${OUT:-runs/out/gpu}; device=cuda; recipe=gpu_medium; size=256x256; frames=65; cores=${CORES:-16}; fps=16
  first_clips=256; clips=12000; images=20480; draw_seconds=$((11 * 60))
  autoencoder=(--minutes 5 --threads 4); flow=(--minutes "${FLOW_MINUTES:-13}"); encode=32
fi
to=${TO:-$out/model}
export PATH="$PWD/.venv/bin:$PATH"
export OMP_WAIT_POLICY=PASSIVE
# Compiled kernels outlive the run, so a second one in the same slot starts at once.
export TORCHINDUCTOR_CACHE_DIR=${TORCHINDUCTOR_CACHE_DIR:-$PWD/$out/kernels}

stage() { printf '\n== %s, at %d:%02d ==\n' "$*" $((SECONDS / 60)) $((SECONDS % 60)); }
draw() { kinora world render "$out/world" --size "$size" --frames "$frames" --fps "$fps" --processes "$1" --clips "$2" --images "$3"; }

stage "draw $images pictures and the first $first_clips clips"
draw "$cores" "$first_clips" "$images"

# The rest is drawn while the autoencoder learns from the first clips; both are the processor's, 12 cores and 4.
stage "draw on, and autoencoder"
set -m # the drawing gets a process group of its own, to be stopped as one
draw $((cores > 4 ? cores - 4 : 1)) "$clips" "$images" & drawing=$!
set +m
trap 'kill -- -$drawing 2>/dev/null || true' EXIT
[ -e "$out/vae/vae.json" ] || kinora train autoencoder "$out/world" --out "$out/vae" "${autoencoder[@]}"
while kill -0 "$drawing" 2>/dev/null && [ "$SECONDS" -lt "$draw_seconds" ]; do sleep 1; done
kill -- "-$drawing" 2>/dev/null || true
wait "$drawing" || true
trap - EXIT

stage latents
kinora train latents "$out/world" --vae "$out/vae" --device "$device" --batch "$encode" --threads "$cores"

stage flow
kinora train flow "$out/world" --recipe "$recipe" --device "$device" --vae "$out/vae" --out "$out/flow" "${flow[@]}"

stage export
kinora train export "$out/flow" --vae "$out/vae" --recipe "$recipe" --name kinora-medium --out "$to"
find "$to" -name '*.safetensors' -printf '%f %s bytes\n'
stage done
