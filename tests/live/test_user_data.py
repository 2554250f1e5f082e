"""Anyone's data: folders, tables, arrays and data sets become tasks, and what cannot be one is refused in a sentence."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import nasbench
from nasbench.cli.main import status
from nasbench.errors import NasbenchError
from nasbench.live.experiment.defaults import FEWEST_STEPS, default_recipe
from nasbench.live.hardware.cost_counters import CostCounters
from nasbench.live.networks.builders import get_networks
from nasbench.live.networks.mlp import Dropout
from nasbench.live.tasks import catalogue
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.tasks.custom import task_from_arrays
from nasbench.live.tasks.data_frame import encode_columns, task_from_frame
from nasbench.live.tasks.splitting import divide
from nasbench.live.tasks.user_task import UserTask, check_same_data
from nasbench.registered import forgotten_afterwards


def write_images(
    folder: Path, height: int, width: int, colour: bool, n: int = 8, names: str = "p{group}_{i}.png"
) -> None:
    """Write two classes of images, the second of which is bright in its upper half."""
    rng = np.random.default_rng(0)
    for bright, name in enumerate(("cats", "dogs")):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for i in range(n):
            pixels = rng.integers(0, 120, (height, width, 3) if colour else (height, width)).astype(np.uint8)
            pixels[: height // 2] += 100 * bright
            Image.fromarray(pixels).save(folder / name / names.format(group=i % 4, i=i))


def shop(n: int = 120) -> pd.DataFrame:
    """Return a table with missing values, categories, texts, a constant, row numbers and patients."""
    rng = np.random.default_rng(1)
    good = rng.random(n) < 0.5
    words = (["really", "bad", "cold", "soup"], ["very", "good", "great", "food"])
    table = pd.DataFrame(
        {
            "id": np.arange(n),
            "age": rng.normal(40, 10, n).round(2),
            "city": rng.choice(["Rome", "Oslo", "Lima"], n),
            "note": [" ".join(rng.choice(words[int(g)], 8)) for g in good],
            "constant": 1,
            "patient": rng.integers(0, 30, n),
            "bought": np.where(good, "yes", "no"),
        }
    )
    table.loc[rng.random(n) < 0.2, "age"] = np.nan
    table.loc[rng.random(n) < 0.2, "city"] = None
    return table


def parts_of(task: Any) -> tuple[Any, Any, Any]:
    splits = task.load()
    return splits.train, splits.search, splits.test


@pytest.mark.parametrize(
    ("height", "width", "colour", "side"), [(30, 30, True, 32), (16, 24, False, 24), (5, 3, False, 8)]
)
def test_images_of_any_shape_keep_their_pixels(
    tmp_path: Path, height: int, width: int, colour: bool, side: int
) -> None:
    write_images(tmp_path, height, width, colour)
    task = get_task(f"folder:{tmp_path}")
    assert (task.shape.channels, task.shape.size, task.shape.outputs) == (3 if colour else 1, side, 2)
    train, search, test = parts_of(task)
    assert (len(train), len(search), len(test)) == (8, 4, 4)
    assert all(np.bincount(part.y).tolist() == [len(part) // 2] * 2 for part in (train, search, test))
    top, left = (side - height) // 2, (side - width) // 2
    inside = train.x[:, :, top : top + height, left : left + width]
    assert np.abs(inside.mean(axis=(0, 2, 3))).max() < 1e-4 and np.abs(inside.std(axis=(0, 2, 3)) - 1).max() < 1e-4
    outside = np.ones(train.x.shape[2:], bool)
    outside[top : top + height, left : left + width] = False
    assert not train.x[:, :, outside].any()
    network = get_networks("nas-bench-201").build_standalone(np.array([3, 1, 4, 0, 2, 3], np.int8), task.shape, 4, 1)
    assert network(torch.from_numpy(train.x[:2])).shape == (2, 2)


def test_images_of_mixed_sizes_and_colours_are_scaled_without_distortion_and_this_is_said(tmp_path: Path) -> None:
    write_images(tmp_path, 10, 20, True, n=6)
    write_images(tmp_path, 40, 20, False, n=3, names="q{i}.png")
    task = get_task(f"folder:{tmp_path}#size=16")
    assert isinstance(task, UserTask)
    assert (task.shape.channels, task.shape.size) == (3, 16)
    assert "grey and colour as colour, of 2 sizes, scaled without distortion to 16 pixels" in task.said
    large = tmp_path / "large"
    write_images(large, 20, 100, False)
    assert get_task(f"folder:{large}").shape.size == 64
    x = get_task(f"folder:{large}").load().train.x
    assert (np.abs(x[0, 0]).sum(axis=1) > 0).sum() in (12, 13, 14)  # 64 of 100 pixels in each direction


def test_folders_of_parts_and_groups_in_file_names_are_kept_apart(tmp_path: Path) -> None:
    for part in ("train", "Test"):
        write_images(tmp_path / part, 8, 8, False)
    train, search, test = parts_of(get_task(f"folder:{tmp_path}"))
    assert (len(train), len(search), len(test)) == (12, 4, 16)
    write_images(tmp_path / "grouped", 8, 8, False, n=12)
    task = get_task(f"folder:{tmp_path / 'grouped'}#group=_")
    assert sum(map(len, parts_of(task))) == 24 and "divided by the 4 groups" in task.said  # type: ignore[attr-defined]
    with pytest.raises(NasbenchError, match="'-' does not occur in"):
        get_task(f"folder:{tmp_path / 'grouped'}#group=-")


@pytest.mark.parametrize("seed", range(3))
def test_no_group_is_in_two_parts_and_classes_are_in_proportion(seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups, labels = rng.integers(0, 60, 600), rng.integers(0, 3, 600)
    parts = divide(labels, seed, groups)
    assert sorted(np.concatenate(parts).tolist()) == list(range(600))
    assert sum(len(set(groups[part])) for part in parts) == len(set(groups))
    for part, share in zip(parts, (0.5, 0.25, 0.25), strict=True):
        assert np.abs(np.bincount(labels[part], minlength=3) / np.bincount(labels) - share).max() < 0.06
    plain = divide(labels, seed)
    for part, share in zip(plain, (0.5, 0.25, 0.25), strict=True):
        assert np.abs(np.bincount(labels[part]) - share * np.bincount(labels)).max() <= 2


def test_columns_are_treated_by_kind_and_this_is_said(tmp_path: Path) -> None:
    shop().to_csv(tmp_path / "shop.csv", index=False)
    task = get_task(f"csv:{tmp_path / 'shop.csv'}#bought,group=patient")
    assert isinstance(task, UserTask) and task.classes == ("no", "yes") and task.shape.dims == 0
    for words in (
        "numbers (the median where missing): age;",
        "categories: city",
        "texts (TF-IDF of words): note",
        "left out since constant: constant",
        "left out since it only tells rows apart: id",
        "divided by 30 groups",
    ):
        assert words in task.said
    assert set(task.preparation["columns"]) == {"age", "city", "note"}
    assert task.preparation["columns"]["city"]["categories"] == sorted(
        ["", "Rome", "Oslo", "Lima"], key=task.preparation["columns"]["city"]["categories"].index
    )
    assert all(np.isfinite(part.x).all() for part in parts_of(task))
    semicolons = tmp_path / "semicolons.csv"
    shop().to_csv(semicolons, index=False, sep=";")
    assert get_task(f"csv:{semicolons}#bought").shape.outputs == 2


def test_no_statistic_of_a_table_or_of_images_depends_on_the_test_part() -> None:
    table = shop()
    train = np.arange(60)
    encoded, _, preparation = encode_columns(table.drop(columns="bought"), train, "shop")
    changed = table.drop(columns="bought").copy()
    changed.loc[60:, "age"] = 1e6
    changed.loc[60:, "city"] = "Paris"
    changed.loc[60:, "note"] = "words that never occurred before in any of these"
    again, _, same = encode_columns(changed, train, "shop")
    assert same == preparation
    np.testing.assert_array_equal(encoded[train], again[train])
    assert np.abs(encoded[60:] - again[60:]).max() > 1  # so that the change would have been seen
    x = np.random.default_rng(0).normal(5, 3, (40, 8, 8))
    y = np.arange(40) % 2
    rows = divide(y, 0)
    moved = x.copy()
    moved[rows[2]] += 1000
    first, second = (task_from_arrays("x", one, y) for one in (x, moved))
    np.testing.assert_array_equal(first.load().train.x, second.load().train.x)
    assert first.preparation == second.preparation


def test_numbers_are_a_regression_in_units_of_the_training_part() -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"a": rng.normal(size=80), "price": rng.normal(100, 30, 80)})
    task = task_from_frame("prices", table, "price")
    assert (task.metric, task.shape.kind, task.shape.outputs) == ("mse", "forecasting", 1)
    train, search, test = parts_of(task)
    assert abs(float(train.y.mean())) < 1e-6 and train.y.shape == (40, 1)
    assert abs(float(test.y.mean())) < 0.3 and abs(float(search.y.mean())) < 0.3  # low and high prices in every part
    back = np.concatenate([part.y for part in (train, search, test)]) * task.preparation["target_deviation"]
    np.testing.assert_allclose(
        np.sort(back.ravel() + task.preparation["target_mean"]), np.sort(table["price"]), rtol=1e-5
    )
    assert task_from_frame("x", table.assign(price=np.arange(80) % 5), "price").shape.outputs == 5


class Squares(torch.utils.data.Dataset[tuple[torch.Tensor, int]]):
    """A data set of torch."""

    def __len__(self) -> int:
        return 40

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        if index >= len(self):
            raise IndexError
        return torch.full((1, 10, 6), float(index % 2)), index % 2


def test_data_sets_of_torch_and_of_hugging_face_and_tables_are_registered() -> None:
    with forgotten_afterwards():
        task = nasbench.register_task("squares", dataset=Squares())
        assert (task.shape.size, task.shape.channels, task.shape.outputs) == (12, 1, 2)
        rows = [{"image": Image.fromarray(np.full((8, 8, 3), 9 * i, np.uint8)), "label": i % 2} for i in range(16)]
        parts = {"train": rows, "validation": rows[:4], "test": rows[:6]}
        hugging = nasbench.register_task("hugging", dataset=parts).load()
        assert [len(part) for part in (hugging.train, hugging.search, hugging.test)] == [16, 4, 6]
        assert nasbench.register_task("shop", table=shop(), target="bought", group="patient").shape.dims == 0
        with pytest.raises(NasbenchError, match="give one of them"):
            nasbench.register_task("two", np.zeros((8, 2, 2)), np.arange(8) % 2, dataset=Squares())


def test_a_package_and_a_module_name_tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_data_set.py").write_text(
        "import numpy as np\n\ndef squares():\n    return np.zeros((16, 8, 8)) + np.arange(16)[:, None, None] % 2, np.arange(16) % 2\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert get_task("my_data_set:squares").shape.outputs == 2
    point = EntryPoint("my-squares", "my_data_set:squares", catalogue.GROUP)
    monkeypatch.setattr(catalogue, "points", lambda group: {"my-squares": point})
    assert get_task("my-squares").shape.size == 8
    with pytest.raises(NasbenchError, match="did you mean 'my-squares'"):
        get_task("my-square")


def test_arrays_of_a_file_and_its_given_parts(tmp_path: Path) -> None:
    x, y = np.random.default_rng(0).integers(0, 255, (40, 9, 7, 3)).astype(np.uint8), np.arange(40) % 4
    np.savez(tmp_path / "own.npz", x=x, y=y[:, None])
    task = get_task(f"npz:{tmp_path / 'own.npz'}")
    assert (task.shape.channels, task.shape.size, task.shape.outputs) == (3, 12, 4)
    named: dict[str, Any] = {"train_images": x, "train_labels": y, "val_images": x[:8], "val_labels": y[:8]}
    np.savez(tmp_path / "parts.npz", **named, test_images=x[:12], test_labels=y[:12])  # as files of MedMNIST
    assert list(map(len, parts_of(get_task(f"npz:{tmp_path / 'parts.npz'}")))) == [40, 8, 12]
    np.savez(tmp_path / "rows.npz", x=np.c_[x[:, 0, 0], np.ones(40)], y=y, who=np.arange(40) // 4)
    task = get_task(f"npz:{tmp_path / 'rows.npz'}#group=who")
    assert task.shape.dims == 0 and task.shape.channels == 3  # the constant column is left out


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "own.npz"
    for classes in (2, 4):
        np.savez(path, x=np.random.default_rng(0).random((40 + classes, 8, 8)), y=np.arange(40 + classes) % classes)
        assert get_task(f"npz:{path}").shape.outputs == classes


def test_a_folder_of_results_is_refused_once_the_data_have_changed(tmp_path: Path) -> None:
    x, y = np.random.default_rng(0).random((16, 8, 8)), np.arange(16) % 2
    check_same_data(task_from_arrays("own", x, y), tmp_path)
    check_same_data(task_from_arrays("own", x.copy(), y), tmp_path)
    x[0, 0, 0] += 1
    with pytest.raises(NasbenchError, match="no longer those of"):
        check_same_data(task_from_arrays("own", x, y), tmp_path)


def save(path: Path, **arrays: Any) -> str:
    np.savez(path / "bad.npz", **arrays)
    return f"npz:{path / 'bad.npz'}"


def text(path: Path, content: str | bytes, fragment: str = "#y") -> str:
    (path / "bad.csv").write_bytes(content.encode() if isinstance(content, str) else content)
    return f"csv:{path / 'bad.csv'}{fragment}"


def images(path: Path, change: Callable[[Path], object]) -> str:
    write_images(path, 8, 8, False)
    change(path)
    return f"folder:{path}"


def one_class(path: Path) -> None:
    for file in (path / "dogs").iterdir():
        file.unlink()
    (path / "dogs").rmdir()


def empty(path: Path) -> None:
    for file in (path / "dogs").iterdir():
        file.unlink()


def huge(path: Path) -> None:
    chunks = [b"IHDR" + (60_000).to_bytes(4) * 2 + b"\x08\x00\x00\x00\x00", b"IDAT"]
    content = b"".join((len(c) - 4).to_bytes(4) + c + zlib.crc32(c).to_bytes(4) for c in chunks)
    (path / "dogs" / "huge.png").write_bytes(b"\x89PNG\r\n\x1a\n" + content)


ROWS = "".join(f"{i},{i % 2}\n" for i in range(20))
X, Y = np.random.default_rng(0).random((20, 8, 8)), np.arange(20) % 2
BAD: dict[str, tuple[Callable[[Path], str], str]] = {
    "one class": (lambda p: images(p, one_class), "has 1 sub-folder and 8 images; a task needs one of images for each"),
    "class without images": (lambda p: images(p, empty), "has 0 of class 'dogs', too few"),
    "empty folder": (lambda p: f"folder:{p}", "has 0 sub-folders and 0 images"),
    "no folder": (lambda p: f"folder:{p / 'nothing'}", "is no folder"),
    "corrupt image": (lambda p: images(p, lambda q: (q / "cats" / "x.png").write_bytes(b"\x89PNG junk")), "x.png cannot be read"),
    "cut image": (
        lambda p: images(p, lambda q: (q / "cats" / "x.png").write_bytes((q / "cats" / "p0_0.png").read_bytes()[:60])),
        "x.png cannot be read",
    ),
    "huge image": (lambda p: images(p, huge), "huge.png has more than 89 million pixels; scale it down"),
    "size": (lambda p: f"folder:{p}#size=big", "should be a whole number from 4"),
    "option": (lambda p: f"folder:{p}#sise=8", "did you mean 'size'"),
    "negative labels": (lambda p: save(p, x=X, y=Y - 1), "out of range: 2 classes should be the whole numbers 0 to 1"),
    "labels with gaps": (lambda p: save(p, x=X, y=Y * 255), "out of range"),
    "labels that are NaN": (lambda p: save(p, x=X, y=np.where(Y, 1, np.nan)), "10 labels of .* are NaN"),
    "labels that are no text": (lambda p: save(p, x=X, y=np.where(Y, "cat", "nan")), "10 labels of .* are empty or 'nan'"),
    "fractional labels": (lambda p: save(p, x=X, y=Y / 2), "whole numbers from 0"),
    "empty labels": (lambda p: save(p, x=X, y=np.where(Y, "ill", "")), "10 labels of .* are empty or 'nan'"),
    "NaN in a TIFF": (
        lambda p: images(p, lambda q: Image.fromarray(np.full((8, 6), np.nan, np.float32)).save(q / "cats" / "x.tif")),
        "x.tif has pixels that are NaN or infinite",
    ),
    "NaN pixels": (lambda p: save(p, x=np.where(X > 0.5, X, np.nan), y=Y), "contain NaN or infinite"),
    "shapes": (lambda p: save(p, x=X, y=Y[:3]), "examples of shape"),
    "objects": (lambda p: save(p, x=np.array([{}], dtype=object), y=Y), "Python objects"),
    "names of arrays": (lambda p: save(p, pixels=X, y=Y), "it should have x and y"),
    "damaged file": (lambda p: text(p, b"PK junk").replace("csv:", "npz:").partition("#")[0], "cannot be read as a .npz"),
    "one class of arrays": (lambda p: save(p, x=X, y=Y * 0), "has 1 class, '0'"),
    "too few rows": (lambda p: text(p, "a,y\n" + ROWS[:20]), "has 5 examples; a task needs eight"),
    "rare class": (lambda p: text(p, "a,y\n" + ROWS + "3,2\n"), "has 1 of class '2', too few for a training, a search and a test"),
    "column": (lambda p: text(p, "a,label\n" + ROWS, "#lable"), "has no column 'lable'; did you mean 'label'"),
    "no column": (lambda p: text(p, "a,y\n" + ROWS, ""), "does not say which column to predict"),
    "missing labels": (lambda p: text(p, "a,y\n" + ROWS + "7,\n"), "1 of 21 rows .* have no 'y'"),
    "constant columns": (lambda p: text(p, "a,y\n" + "".join(f"1,{i % 2}\n" for i in range(20))), "left out since constant: a"),
    "constant target": (lambda p: text(p, "a,y\n" + "".join(f"{i},3.5\n" for i in range(20))), "is constant"),
    "latin-1": (lambda p: text(p, ("a,y\n" + ROWS + "é,1\n").encode("latin-1")), "is not UTF-8 .* save it as UTF-8"),
    "empty file": (lambda p: text(p, ""), "is empty"),
    "ragged": (lambda p: text(p, "a,y\n" + ROWS + "1,2,3,4\n"), "cannot be read as a table"),
    "short row": (lambda p: text(p, "y,a\n" + ROWS + "1\n" + ROWS), "has 1 fields and the header 2"),
    "all rows longer": (lambda p: text(p, "a,y\n" + ROWS.replace("\n", ",5\n")), "line 2 has 3 fields and the header 2"),
    "target twice": (lambda p: text(p, "a,y,y\n" + ROWS.replace("\n", ",5\n")), "has two columns named 'y'"),
    "null bytes": (lambda p: text(p, "a,y\n" + ROWS + "1\0,1\n"), "line 22 of .* has a null byte"),
    "group column": (lambda p: text(p, "a,y\n" + ROWS, "#y,group=b"), "has no column 'b'"),
    "groups": (lambda p: text(p, "a,y\n" + ROWS, "#y,group=y"), "are both 'y'"),
    "path": (lambda p: images(p, lambda q: None).removeprefix("folder:"), "is a path; to use it as a task write folder:"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_data_that_cannot_be_a_task_are_refused_in_one_sentence(
    tmp_path: Path, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make, fault = BAD[case]
    address = make(tmp_path)
    with pytest.raises(NasbenchError, match=fault):
        get_task(address)
    if case in ("one class", "column", "negative labels"):
        assert status(["search", address]) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1 and said.startswith("nasbench: ")


def test_small_data_of_a_user_are_trained_for_enough_steps() -> None:
    task = task_from_frame("small", shop(40), "bought")
    recipe = default_recipe(None, task, "mlp")
    assert recipe.epochs == 300 and default_recipe("small", task, "mlp").epochs == 12
    larger = task_from_frame("larger", shop(4000), "bought")
    recipe = default_recipe(None, larger, "mlp")
    assert recipe.epochs * (2000 // 64) >= FEWEST_STEPS[0] > (recipe.epochs - 1) * (2000 // 64)


def test_dropout_repeats_with_its_generator_and_rests_in_evaluation() -> None:
    layer = Dropout(0.25)
    x = torch.ones(400, 50)
    layer.generator = torch.Generator().manual_seed(0)
    first = layer(x)
    layer.generator = torch.Generator().manual_seed(0)
    assert torch.equal(first, layer(x)) and abs(float(first.mean()) - 1) < 0.02
    assert first.unique().tolist() == pytest.approx([0.0, 1 / 0.75])
    assert torch.equal(layer.eval()(x), x)


def test_counts_of_multilayer_perceptrons_are_those_of_their_formula() -> None:
    space = get_networks("mlp").make_space()
    task = task_from_frame("shop", shop(), "bought")
    text = "2-layers,64-units,halving,relu,no-norm,dropout-0,plain"
    count = CostCounters(get_networks("mlp"), task.shape, 8, 1)
    parameters, macs = 1e6 * count(["parameters", "flops"], space.from_string(text)[None])[0]
    assert macs == pytest.approx(task.shape.channels * 64 + 64 * 32 + 32 * 2)
    assert parameters == pytest.approx(macs + 64 + 32 + 2)
    single = space.from_string("1-layer,64-units,halving,relu,no-norm,dropout-0,residual")
    assert space.to_string(space.canonical(single)) == "1-layer,64-units,equal,relu,no-norm,dropout-0,plain"
