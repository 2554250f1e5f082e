"""Files that are made to harm whoever reads them: pickles, archives of pickles, and Parquet files, in families.

Written instruction by instruction, since Python's own writer makes none of them.
"""

from __future__ import annotations

import bz2
import io
import pickle
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

HEAD = b"\x80\x04"
STOP = b"."
LARGE = 10**10


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def blob(value: bytes) -> bytes:
    return b"B" + struct.pack("<I", len(value)) + value


def whole(value: int) -> bytes:
    packed = pickle.encode_long(value)
    return b"\x8a" + bytes([len(packed)]) + packed


def name(module: str, item: str) -> bytes:
    return text(module) + text(item) + b"\x93"


def call(function: bytes, *arguments: bytes) -> bytes:
    return function + b"(" + b"".join(arguments) + b"t" + b"R"


def ndarray(kind: str = "O") -> bytes:
    """An array whose pointers are bytes of the file."""
    return call(name("numpy", "ndarray"), b"K\x01\x85", text(kind), blob(b"A" * 8))


def hidden_field(reader: str) -> bytes:
    """A type that gains a field of objects by its state, and bytes read as that type."""
    kind = call(name("numpy", "dtype"), text("V8"), b"\x89", b"\x88")
    objects = call(name("numpy", "dtype"), text("O8"), b"\x89", b"\x88")
    fields = b"}" + text("f") + objects + b"K\x00\x86s"
    state = b"(K\x03" + text("|") + b"N" + text("f") + b"\x85" + fields + b"K\x08K\x01K\x00t"
    built = kind + state + b"b"
    if reader == "scalar":
        return call(name("numpy.core.multiarray", "scalar"), built, blob(b"A" * 8))
    return call(name("numpy.core.numeric", "_frombuffer"), blob(b"A" * 8), built, b"K\x01\x85", text("C"))


def array_state(shape: bytes, dtype: str, content: bytes) -> bytes:
    """An array whose state says another shape or type than its bytes have."""
    start = call(name("numpy.core.multiarray", "_reconstruct"), name("numpy", "ndarray"), b"K\x00\x85", blob(b"b"))
    kind = call(name("numpy", "dtype"), text(dtype), b"\x89", b"\x88")
    return start + b"(K\x01" + shape + kind + b"\x89" + content + b"tb"


def nested(depth: int, step: bytes = b"\x85") -> bytes:
    return b")" + step * depth


def nested_lists(depth: int) -> bytes:
    return b"]" * depth + b"a" * (depth - 1)


def laughs(times: int, pair: bytes) -> bytes:
    """A pair of pairs of pairs ..., each twice the same: 2^times items once written out."""
    return b")q\x000" + (pair + b"q\x000") * times + b"h\x00"


PAIR_OF_THE_SAME = b"h\x00h\x00\x86"
LIST_OF_THE_SAME = b"](h\x00h\x00e"


def in_itself() -> bytes:
    return b"]q\x00h\x00a"


def key(value: bytes) -> bytes:
    return b"}" + value + b"Ns"


def colliding(count: int) -> bytes:
    """Keys of one hash: multiples of the modulus of Python's hash of numbers."""
    return b"}(" + b"".join(whole((2**61 - 1) * (i + 1)) + b"N" for i in range(count)) + b"u"


def system(mark: str, module: str = "os", function: str = "mkdir") -> bytes:
    return call(name(module, function), text(mark))


def instance(mark: str) -> bytes:
    """The older instruction that calls a name."""
    return b"(" + text(mark) + b"ios\nmkdir\n"


def dotted(mark: str) -> bytes:
    return call(name("numpy", "os.mkdir" if mark else ""), text(mark))


def builtin(function: str, argument: bytes) -> bytes:
    return call(name("builtins", function), argument)


def families(mark: str) -> Mapping[str, list[bytes]]:
    """Values of pickles by family, each hostile wherever in a pickle it stands; `mark` is a folder that must not appear."""
    long_range = builtin("range", whole(LARGE))
    return {
        "pointers": [ndarray(), ndarray("|O"), ndarray("V8"), ndarray("object"), array_state(b"K\x01\x85", "O8", blob(b"A" * 8))],
        "hidden field": [hidden_field("scalar"), hidden_field("buffer")],
        "depth": [
            *(key(nested(depth)) for depth in (100, 10_000, 150_000)),
            key(nested(150_000, b"\x85N\x86")),
            *(nested(depth) for depth in (100, 150_000)),
            nested_lists(150_000),
            b"\x8f(" + nested(150_000) + b"\x90",
            b"(" + nested(150_000) + b"\x91",
            b"(" * 150_000 + b"t" * 150_000,
        ],
        "declared sizes": [
            builtin("list", long_range),
            builtin("tuple", long_range),
            builtin("set", long_range),
            builtin("bytearray", whole(8 * 10**9)),
            builtin("bytes", whole(8 * 10**9)),
            b"Nr" + struct.pack("<I", 2**31 - 1),
            b"\x95" + struct.pack("<Q", 2**62),
            *(code + struct.pack("<Q", 2**40) + b"x" for code in (b"\x8d", b"\x8e", b"\x96")),
            *(code + struct.pack("<I", 2**31 - 1) + b"x" for code in (b"X", b"B", b"\x8b", b"T")),
            b"\x8b" + struct.pack("<i", -5) + b"x",
            b"\x8b" + struct.pack("<i", 100_000) + b"\x7f" * 100_000,
            array_state(whole(10**12) + b"\x85", "f8", blob(b"")),
            array_state(b"K\x00" + whole(10**15) + b"\x86", "f8", blob(b"")),
            array_state(b"K\x01\x85", "S2000000000", blob(b"x")),
            array_state(b"K\x01\x85", "U1", blob(b"\xff" * 4)),
            call(name("numpy.core.numeric", "_frombuffer"), blob(b""), text("f8"), b"K\x01\x85", text("C")),
            builtin("complex", text("1" * 100_000)),
        ],
        "floods": [
            laughs(60, PAIR_OF_THE_SAME),
            laughs(24, PAIR_OF_THE_SAME),
            laughs(30, LIST_OF_THE_SAME),
            in_itself(),
            colliding(100_000),
            b"(" + b"\x8f" * 3_000_000 + b"l",
        ],
        "codecs": [
            call(name("_codecs", "encode"), text("x"), text(codec)) for codec in ("antigravity", "idna", "zlib", "rot13", "hex", "\0")
        ],
        "names": [
            system(mark),
            system(mark, "posix"),
            system(f"__import__('os').mkdir({mark!r})", "builtins", "eval"),
            system(f"__import__('os').mkdir({mark!r})", "builtins", "exec"),
            system("os", "builtins", "__import__"),
            dotted(mark),
            call(name("builtins", "getattr"), name("numpy", "ndarray"), text("dump")),
            call(name("numpy", "load"), text(mark)),
            call(name("numpy", "fromfile"), text("/dev/zero")),
            call(name("copyreg", "_reconstructor"), name("builtins", "object"), name("builtins", "object"), b"N"),
            instance(mark),
            b"(" + name("os", "mkdir") + text(mark) + b"o",
            name("os", "mkdir") + text(mark) + b"\x85\x81",
            name("os", "mkdir") + text(mark) + b"\x85}\x92",
            b"\x82\x01",
            b"\x84" + struct.pack("<i", 1),
            text("outside") + b"Q",
            b"Poutside\n",
            b"\x97",
            name("collections", "OrderedDict") + text("__reduce__") + b"b",
            name("x" * 100_000, "y\n" * 1_000),
            b"\xff",
        ],
    }  # fmt: skip


WRAPPERS: Mapping[str, Callable[[bytes], bytes]] = {
    "bare": lambda value: value,
    "in a list": lambda value: b"]" + value + b"a",
    "in a tuple": lambda value: value + b"\x85",
    "in a dictionary": lambda value: b"}" + text("k") + value + b"s",
    "as a key": key,
    "in list(...)": lambda value: builtin("list", value),
    "in tuple(...)": lambda value: builtin("tuple", value),
    "deep": lambda value: b"]" * 9 + value + b"a" * 9,
}
"""Where in a pickle a value stands."""


def pickled(value: bytes) -> bytes:
    return HEAD + value + STOP


def flood_in_bz2(gibibytes: int = 3) -> bytes:
    """A bz2 file of some kB that holds one text of zeros; streams after one another are one file."""
    size = gibibytes * 2**30
    start = bz2.compress(HEAD + b"\x8e" + struct.pack("<Q", size))
    return start + bz2.compress(bytes(2**26)) * (size // 2**26) + bz2.compress(STOP)


def torch_archive(data: bytes, method: int = zipfile.ZIP_STORED) -> bytes:
    """The container of torch around a pickle."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr("archive/data.pkl", data)
        archive.writestr("archive/version", b"3\n")
    return stream.getvalue()


def older_torch_file(data: bytes) -> bytes:
    """The older container of torch: three pickles before the object."""
    return (
        pickle.dumps(0x1950A86A20F9469CFC6C, 2)
        + pickle.dumps(1001, 2)
        + pickle.dumps({"little_endian": True}, 2)
        + data
    )


def hw_nas_bench(value: bytes) -> bytes:
    """A file of HW-NAS-Bench in which a metric is the value."""
    cells = [b"}" + text("arch_str") + text(cell) + b"s" for cell in ("000000", "000001")]
    config = b"](" + b"".join(cells) + b"e"
    metrics = b"}" + text("config") + config + b"s" + text("pixel3_latency") + value + b"s"
    return pickled(b"}" + text("nasbench201") + b"}" + text("cifar10") + metrics + b"s" + b"s")


def flooded_archive(mebibytes: int = 160) -> bytes:
    """A torch archive of some 300 kB that unpacks to much more than a file of its size should."""
    return torch_archive(
        pickled(b"\x8e" + struct.pack("<Q", mebibytes * 2**20) + bytes(mebibytes * 2**20)), zipfile.ZIP_DEFLATED
    )


def long_parquet(path: Path, rows: int = 10**8, group: int = 10**6) -> None:
    """A Parquet file of some kB with columns `op` and `acc` of 100 million equal values."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"op": pa.repeat("x", group).dictionary_encode(), "acc": pa.repeat(1.0, group)})
    with pq.ParquetWriter(path, table.schema) as writer:
        for _ in range(rows // group):
            writer.write_table(table)


def wide_parquet(path: Path, letters: int = 10**6, rows: int = 10**5) -> None:
    """A Parquet file of some kB with one text of a million letters in each of 100,000 rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, dtype=np.int32)), pa.array(["x" * letters]))
    pq.write_table(pa.table({"op": texts, "acc": np.zeros(rows)}), path)
