"""Search spaces: products of decisions whose architectures are vectors of small integers.

`space` has the contract. Most spaces are of categorical decisions; `mixed` adds numbers and conditions, for architecture and
hyper-parameters together, from decisions that are described as in TOML:

    decisions = [
      { name = "operation", choices = ["conv3x3", "mbconv"] },
      { name = "expansion", low = 1, high = 6, when = { operation = ["mbconv"] } },     # integers
      { name = "learning_rate", low = 1e-4, high = 1e-1, log = true, levels = 16 },     # reals, evenly spaced in their logarithm
      { name = "momentum", low = 0.0, high = 0.99, levels = 12, when = { optimizer = ["sgd"] } },
      { name = "optimizer", choices = ["sgd", "adam"] },
      { name = "batch", values = [32, 64, 128, 256], log = true, unit = "images" },
    ]

Such a list is the space of an imported table (`nasbench.tables.description`), of a registered function (`nasbench.register_benchmark`) and of
the closed forms `recipe/small` and `recipe/large`. Numbers are grids of 2 to 127 levels: an optimizer proposes levels, and values come and
go with strings (`optimizer=sgd,learning_rate=0.001`), CSV files and functions. `nasbench list optimizers` says which optimizers take
numbers in order and to which they are categories. Conditions may be nested; combinations that are forbidden beyond them are left to
`constrained.restrict`.

`constrained` has spaces with infeasible combinations and parts of spaces, `catalogue` the spaces of the suite by name, `numbering` identity
by bytes for spaces that are too large for an integer index.
"""
