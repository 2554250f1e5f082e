"""Search on images of one's own: networks are trained. Here they are the digits of scikit-learn (needs the extra live)."""

from sklearn.datasets import load_digits

import nasbench

digits = load_digits()
task = nasbench.register_task("my-digits", digits.images, digits.target)
print(task.shape)

# The same search as `nasbench search my-digits --optimizer random_search --queries 2 --epochs 1`, in this process.
from nasbench.cli.main import main  # noqa: E402

main(
    [
        "search",
        "my-digits",
        "--optimizer",
        "random_search",
        "--queries",
        "2",
        "--epochs",
        "1",
        "--subset-size",
        "64",
        "--json",
    ]
)
