"""How often the detector knows clips of the shipped model from footage and renders, after each of several attacks.

    .venv/bin/python benchmarks/detector.py --made FOLDER --other FOLDER ... [--clips 24] [--each 4] [--only NAME]

Folders hold videos or NumPy arrays of clips; take others than `scripts/train_detector.py` was shown. Those of --made
are marked with the open key first. Credentials are left out, as conversion strips them. The threshold is where 1 % of
the other clips, attacked likewise, would be taken for Kinora's; the classifier ranks clips by its log odds, since its
probabilities are bounded and tie. The Brier score is the classifier's alone, of unmarked clips and others with equal
weight: 0.25 is a coin's.
"""

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import numpy as np
import numpy.typing as npt
from train_detector import gathered

from kinora.evals.attacks import attacks
from kinora.safety.detector import Evidence, judge
from kinora.safety.detector_classifier import log_odds, probability
from kinora.safety.provenance_read import NOT_PRESENT
from kinora.safety.watermark import Watermark
from kinora.safety.watermark_code import Payload
from kinora.safety.watermark_keys import OPEN_KEY

Frames = npt.NDArray[np.uint8]

SHOWN = {
    ("none", ""), ("H.264", "CRF 23"), ("H.264", "CRF 32"), ("GIF", "256 colours"), ("scaled", "0.5x"),
    ("cropped", "to 70%"), ("screenshot", "1.5x, JPEG 85"), ("noise", "sigma 10"), ("reposted", "80%, CRF 26"),
}  # fmt: skip


def main() -> None:
    """Mark, attack, judge, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--made", type=Path, required=True)
    parser.add_argument("--other", type=Path, nargs="+", required=True)
    parser.add_argument("--clips", type=int, default=24, help="clips of each folder")
    parser.add_argument("--each", type=int, default=4, help="clips of one file of --other")
    parser.add_argument("--only", nargs="+", help="names of attacks")
    given = parser.parse_args()
    mark = Watermark(OPEN_KEY)
    made = [
        (mark.embed(clip, Payload.of("kinora-small", "3", name)), clip)
        for name, clip in gathered(given.made, 1, given.clips)
    ]
    other = [clip for folder in given.other for _, clip in gathered(folder, given.each, given.clips)]
    print(f"{len(made)} clips of the model, {len(other)} others; found at 1 % false positives by")
    print("| attack | strength | all | watermark | classifier, made without a mark | others found | Brier score |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for attack in attacks(8):
        if (attack.name, attack.strength) not in SHOWN or (given.only and attack.name not in given.only):
            continue
        ours = np.array([scores(mark, attack.apply(clip)) for clip, _ in made])
        bare = np.array([log_odds(attack.apply(clip)) for _, clip in made])
        theirs = np.array([scores(mark, attack.apply(clip)) for clip in other])
        limit = np.quantile(theirs, 0.99, axis=0, method="higher")
        rates = [(ours[:, 0] > limit[0]).mean(), (ours[:, 1] > limit[1]).mean(), (bare > limit[2]).mean()]
        cells = [*(f"{rate:.0%}" for rate in rates), f"{(theirs[:, 1] > 0.5).sum()} of {len(other)}"]
        misses, alarms = ([probability(score) for score in some] for some in (bare, theirs[:, 2]))
        brier = (np.square(1 - np.array(misses)).mean() + np.square(alarms).mean()) / 2
        print("| " + " | ".join([attack.name, attack.strength, *cells, f"{brier:.3f}"]) + " |", flush=True)


def scores(mark: Watermark, frames: Frames) -> tuple[float, float, float]:
    """(probability by everything, 1 where the watermark is found, log odds by the classifier)."""
    found, looks = mark.detect(frames), log_odds(frames)
    seen = Evidence(credentials=NOT_PRESENT, watermark=found, classifier=probability(looks), frames=len(frames))
    return judge(seen).probability, float(found.found), looks


if __name__ == "__main__":
    main()
