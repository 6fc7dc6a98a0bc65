"""Take the calibration snapshot of each released version of the local scorer, and its golden scores for the tests.

    python -m scripts.calibration_snapshot            take those that are missing; say whether the others still hold
    python -m scripts.calibration_snapshot 1.1.0      take this one anew, as long as it is not released

The hashes of all files of weights that scores in rooms rest on are written down too (tests/policy/released.json).

Decides nothing: what is in a snapshot is `scoring.drift`'s.
"""

import json
import sys
import tomllib
from pathlib import Path

from scoring.calibration import sample, snapshot_of
from scoring.drift import drift, taken, written
from scoring.weights import NEWEST, digest, load_weights

ROOT = Path(__file__).parent.parent
SNAPSHOTS = ROOT / "scoring" / "calibration"
GOLDEN = ROOT / "tests" / "policy" / "golden"
RELEASED = ROOT / "tests" / "policy" / "released.json"
HASHED = ("local", "judge", "answers", "paraphrase")
EVERY = 5
"""Of the sample every fifth answer is kept with its whole score; of the others the hash."""


def versions() -> list[str]:
    """All versions of the local scorer that ship."""
    return sorted(path.stem.removeprefix("local-") for path in (ROOT / "scoring" / "weights").glob("local-*.toml"))


def golden_of(version: str) -> str:
    """Whole scores of some of the sample, a line each."""
    weights = load_weights(version)
    cases = sample()[0][EVERY - 1 :: EVERY]
    lines = [{"case": c.id, "score": written(c.score(weights)).decode()} for c in cases]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def hashes() -> dict[str, str]:
    """The hash of the content of each file of weights that scores in rooms rest on."""
    folder, found = ROOT / "scoring" / "weights", {}
    for file in sorted(folder.iterdir()):
        if file.suffix in (".json", ".toml") and file.stem.partition("-")[0] in HASHED:
            text = file.read_text(encoding="utf-8")
            found[file.name] = digest(json.loads(text) if file.suffix == ".json" else tomllib.loads(text))
    return found


def released() -> dict[str, str]:
    """What was written down of them at their release."""
    found: dict[str, str] = json.loads(RELEASED.read_text(encoding="utf-8")) if RELEASED.is_file() else {}
    return found


def _write_down(anew: list[str]) -> bool:
    """Add the files that are new, or wanted anew. Gives whether one that was released has other content."""
    known, now = released(), hashes()
    for name, digest_of_it in now.items():
        if name not in known or Path(name).stem.partition("-")[2] in anew:
            known[name] = digest_of_it
    RELEASED.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    changed = [name for name in now if known[name] != now[name]]
    for name in changed:
        print(f"{name}: other figures than at its release")
    return bool(changed)


def main(anew: list[str]) -> int:
    cases, sample_hash = sample()
    broken = _write_down(anew)
    for version in versions():
        now = taken(load_weights(version), cases, sample_hash)
        file = SNAPSHOTS / f"local-{version}.json"
        if version in anew or not file.is_file():
            file.write_text(now.model_dump_json(indent=1) + "\n", encoding="utf-8")
            GOLDEN.mkdir(parents=True, exist_ok=True)
            (GOLDEN / f"local-{version}.jsonl").write_text(golden_of(version), encoding="utf-8")
            print(f"{version}: taken; {len(cases)} answers, mean {now.mean}")
        else:
            changed = [id for id, digest in snapshot_of(version).bytes.items() if now.bytes.get(id) != digest]
            broken = broken or bool(changed)
            print(f"{version}: {f'{len(changed)} answers score differently' if changed else 'holds, byte for byte'}")
        if version != NEWEST:
            moved = drift(snapshot_of(NEWEST), now) if (SNAPSHOTS / f"local-{NEWEST}.json").is_file() else None
            if moved:
                print(f"{version}: {moved.worst} from {NEWEST} ({moved.shift.value})")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
