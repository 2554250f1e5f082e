"""Search on images of one's own: networks are trained. Here they are the digits of scikit-learn (needs the extra live)."""

from sklearn.datasets import load_digits

import nasbench
from nasbench.cli.main import main

digits = load_digits()
task = nasbench.register_task("my-digits", digits.images, digits.target)
print(task.shape)

# As `nasbench search my-digits --optimizer random_search --queries 2 ...`, in this process, which knows the task.
small = "--queries 2 --epochs 1 --subset-size 64 --channels 4 --cells 1"
main(["search", "my-digits", "--optimizer", "random_search", *small.split(), "--json"])
