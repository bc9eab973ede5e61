"""Data: small sets that ship, loaders for the large ones, and batches of anything.

A `Dataset` holds inputs, targets and weights, and gives them in batches; a `Stream` gives the batches of any iterable.
`digits`, `air_traffic` and `elevation` ship; `mnist`, `fashion_mnist` and `cifar10` load; `from_npy`, `from_csv` and
`from_folder` read files of your own. The transforms change the inputs of each batch when it is read.

This package imports NumPy and `backlit.errors`; Pillow is loaded when the first image is read.
"""

from backlit.data.augment import RandomAffine, RandomShift
from backlit.data.batches import Batches
from backlit.data.dataset import Dataset
from backlit.data.features import Histogram, QuadraticFeatures
from backlit.data.folders import from_folder, read_image
from backlit.data.loaders import cifar10, fashion_mnist, mnist
from backlit.data.numpy_files import from_npy
from backlit.data.rows import Rows
from backlit.data.shipped import air_traffic, digits, elevation
from backlit.data.stream import Stream
from backlit.data.synthetic import none_of_the_above
from backlit.data.tables import from_csv
from backlit.data.transforms import Transform

__all__ = [
    "Batches",
    "Dataset",
    "Histogram",
    "QuadraticFeatures",
    "RandomAffine",
    "RandomShift",
    "Rows",
    "Stream",
    "Transform",
    "air_traffic",
    "cifar10",
    "digits",
    "elevation",
    "fashion_mnist",
    "from_csv",
    "from_folder",
    "from_npy",
    "mnist",
    "none_of_the_above",
    "read_image",
]
