"""The string by which Dong and Yang (2020) call two NAS-Bench-201 cells the same."""

from __future__ import annotations

from nasbench.spaces.nas_bench_201_cell import EDGES, NONE, OPERATIONS, SKIP, Cell


def written_out(cell: Cell, *, drop_zero: bool, contract: bool = True, keep_zero_sign: bool = True) -> str:
    """The authors' unique string (AutoDL-Projects, `Structure.to_unique_str`), and the same without zero terms."""
    nodes = ["0", "", "", ""]
    terms: dict[int, list[str]] = {1: [], 2: [], 3: []}
    for (source, target), operation in zip(EDGES, cell, strict=True):
        if source and not nodes[source]:
            nodes[source] = "+".join(sorted(terms[source])) or "#"
        if drop_zero and (operation == NONE or nodes[source] == "#"):
            if keep_zero_sign:
                terms[target].append("#")
        elif contract and operation == SKIP:
            terms[target].append(nodes[source])
        else:
            terms[target].append(f"({nodes[source]})@{OPERATIONS[operation]}")
    return "+".join(sorted(terms[3]))
