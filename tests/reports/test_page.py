"""The page in a real browser: loads from a file without a network, sorts, prints, fits a narrow screen, reads in the dark, is accessible."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nasbench.reports.analysis.results import Results
from nasbench.reports.page.report import build_report
from nasbench.reports.page.writer import write_report

BROWSER = next((p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None)
DRIVER = shutil.which("chromedriver")
SELENIUM = importlib.util.find_spec("selenium") is not None

needs_browser = pytest.mark.skipif(
    not (BROWSER and DRIVER and SELENIUM), reason="needs chromium, chromedriver and the Python package selenium"
)


@pytest.fixture(scope="module")
def folder(results: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plain study's report, written, with verdicts of theory as wide as they come."""
    where = tmp_path_factory.mktemp("report")
    verdict = {"verdict": "holds", "statistic": 1677291.0, "bound": 1680290.0, "tightness": 1.002, "p_value": 0.4, "n": 20_000,
               "low": 1608419.0, "high": 1746162.0}  # fmt: skip
    grown = (
        "operations 1.00 (up to 1.02) of 1; memory 0.03 (up to 0.04) of 0; time 0.97 (up to 0.99) of 1; T = 64 to 1024"
    )
    rows = [
        {
            "claim": "random-search.rank-law-with-replacement",
            **verdict,
            "note": "seconds, the 16 best cells, the one that is farthest",
        },
        {"claim": "complexity.regularized-evolution", **verdict, "note": grown},
    ]
    (where / "verify.json").write_text(json.dumps({"command": "verify", "verdicts": rows}))
    return write_report(build_report(results, None, [where / "verify.json"]), where / "written").page.parent


@pytest.fixture(scope="module")
def several_folder(several: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the study with two objectives."""
    return write_report(build_report(several), tmp_path_factory.mktemp("several")).page.parent


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless browser."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = str(BROWSER)
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    driver.set_script_timeout(600)  # a crowded machine is no fault of the page
    yield driver
    driver.quit()


def visit(browser: Any, page: Path, *, width: int = 1200, dark: bool = False) -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
    browser.get(page.as_uri())


@needs_browser
def test_loads_from_a_file_without_errors_or_a_network(browser: Any, folder: Path) -> None:
    visit(browser, folder / "report.html")
    assert [entry for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")] == []
    asked = []
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            asked.append(message["params"]["request"]["url"])
    assert {url.split(":")[0] for url in asked} <= {"file", "data"}
    assert [url for url in asked if url.startswith("file")] == [(folder / "report.html").as_uri()]


@needs_browser
def test_a_click_sorts_and_a_second_one_turns_round(browser: Any, folder: Path) -> None:
    visit(browser, folder / "report.html")
    read = """
        const table = document.querySelector('#table-comparison');
        const at = [...table.tHead.rows[0].cells].findIndex(c => c.textContent.startsWith(arguments[0]));
        const head = table.tHead.rows[0].cells[at];
        head.querySelector('button').click();
        return [head.getAttribute('aria-sort'), [...table.tBodies[0].rows].map(r => r.cells[at].dataset.value)];
    """
    order, values = browser.execute_script(read, "mean")
    assert order == "ascending"
    assert [float(v) for v in values] == sorted(float(v) for v in values)
    order, values = browser.execute_script(read, "mean")
    assert order == "descending"
    assert [float(v) for v in values] == sorted((float(v) for v in values), reverse=True)
    order, names = browser.execute_script(read, "optimizer")
    assert names == sorted(names)
    for _ in range(2):  # what is undefined stays last, either way
        _, values = browser.execute_script(read, "p against")
        assert [v == "" for v in values] == [False] * 4 + [True] * 2


@needs_browser
@pytest.mark.parametrize("width", [400, 1200])
@pytest.mark.parametrize("kind", ["folder", "several_folder"])
def test_nothing_sticks_out_sideways(browser: Any, request: pytest.FixtureRequest, kind: str, width: int) -> None:
    visit(browser, request.getfixturevalue(kind) / "report.html", width=width)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    sizes = browser.execute_script(
        "return [...document.querySelectorAll('svg text')].map(t => t.getBoundingClientRect().height).filter(h => h > 0)"
    )
    assert len(sizes) > 100
    text = browser.execute_script(
        "return [...document.querySelectorAll('p, li, td, th')].map(e => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(text) >= 12.0
    scales = browser.execute_script(
        "return [...document.querySelectorAll('.panel svg')].map(s => s.getBoundingClientRect().width / s.viewBox.baseVal.width)"
    )
    assert min(scales) * 7 >= 8.5  # the smallest text of a figure is 7 points, here in pixels


CONTRASTS = """
    const parse = c => c.match(/[\\d.]+/g).map(Number);
    const channel = v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    const luminance = c => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
    const ground = e => { for (; e; e = e.parentElement) {
        const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] === 1) return c; }
        return [255, 255, 255]; };
    const worst = {};
    for (const e of document.querySelectorAll('body *:not(script):not(style):not(svg):not(svg *)')) {
        if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
        const [a, b] = [luminance(parse(getComputedStyle(e).color)), luminance(ground(e))].sort((x, y) => y - x);
        worst[e.tagName + '.' + e.className] = Math.min(worst[e.tagName + '.' + e.className] ?? 99, (a + 0.05) / (b + 0.05));
    }
    return worst;
"""


@needs_browser
@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_in_light_and_in_the_dark(browser: Any, folder: Path, dark: bool) -> None:
    visit(browser, folder / "report.html", dark=dark)
    background = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(20, 22, 26)" if dark else "rgb(255, 255, 255)")
    worst = browser.execute_script(CONTRASTS)
    assert len(worst) > 10
    assert min(worst.values()) >= 4.5, worst  # WCAG 1.4.3
    ink = browser.execute_script("return getComputedStyle(document.querySelector('.panel svg text')).fill")
    assert ink == browser.execute_script("return getComputedStyle(document.body).color")


@needs_browser
def test_structure_for_readers_who_cannot_see_it(browser: Any, folder: Path) -> None:
    visit(browser, folder / "report.html")
    faults = browser.execute_script("""
        const faults = [];
        const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
        if (new Set(ids).size !== ids.length) faults.push('ids repeat');
        for (const a of document.querySelectorAll('[aria-labelledby], [aria-describedby]'))
            for (const id of (a.getAttribute('aria-labelledby') ?? a.getAttribute('aria-describedby')).split(' '))
                if (!document.getElementById(id)) faults.push('no ' + id);
        for (const a of document.querySelectorAll('a[href^="#"]'))
            if (!document.getElementById(a.getAttribute('href').slice(1))) faults.push('dead link ' + a.href);
        for (const e of document.querySelectorAll('[role=img]'))
            if ((e.getAttribute('aria-label') ?? '').length < 40) faults.push('a picture without a text');
        for (const e of document.querySelectorAll('svg')) if (e.getAttribute('aria-hidden') !== 'true') faults.push('an svg is read out');
        for (const e of document.querySelectorAll('th')) if (!e.scope) faults.push('a header without scope');
        for (const e of document.querySelectorAll('table')) if (!e.tHead) faults.push('a table without a head');
        for (const e of document.querySelectorAll('button')) if (!e.textContent.trim()) faults.push('a button without a name');
        for (const tag of ['main', 'header', 'nav', 'footer', 'h1'])
            if (document.querySelectorAll(tag).length !== 1) faults.push('not one ' + tag);
        const levels = [...document.querySelectorAll('h1, h2, h3, h4')].map(h => Number(h.tagName[1]));
        levels.forEach((l, i) => { if (i && l > levels[i - 1] + 1) faults.push('a heading skips a level'); });
        if (!document.documentElement.lang) faults.push('no language');
        if (!document.title) faults.push('no title');
        return faults;
    """)
    assert faults == []


@needs_browser
@pytest.mark.parametrize(("kind", "dark"), [("folder", True), ("several_folder", False)])
def test_axe_finds_nothing(browser: Any, request: pytest.FixtureRequest, kind: str, dark: bool) -> None:
    script = os.environ.get("AXE_CORE")  # path of an axe.min.js; else the one that the package brings
    if script is None:
        found = importlib.util.find_spec("axe_core_python")
        if found is None or found.origin is None:
            pytest.skip("axe-core is not there: install axe-core-python, or set AXE_CORE to an axe.min.js")
        script = str(next(Path(found.origin).parent.rglob("axe.min.js")))
    visit(browser, request.getfixturevalue(kind) / "report.html", dark=dark)
    browser.execute_script(Path(script).read_text(encoding="utf-8"))
    outcome = browser.execute_async_script(
        "axe.run({exclude: [['.panel svg']]}, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']}).then(arguments[0])"
    )
    assert len(outcome["passes"]) > 20
    assert [(v["id"], v["help"], v["nodes"][0]["html"][:200]) for v in outcome["violations"]] == []


@needs_browser
def test_prints_on_paper_in_black_on_white_with_nothing_cut_off(browser: Any, folder: Path) -> None:
    visit(browser, folder / "report.html", dark=True)
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"paperWidth": 8.27, "paperHeight": 11.69})
    document = base64.b64decode(printed["data"])
    assert document.startswith(b"%PDF")
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", document)) <= 40
    width = int((8.27 - 0.8) * 96)  # less the browser's margins
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    )
    scheme = [{"name": "prefers-color-scheme", "value": "dark"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": scheme})
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    style = "return [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
    assert browser.execute_script(style) == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
    assert browser.execute_script("return getComputedStyle(document.querySelector('nav')).display") == "none"


def test_the_page_names_no_address_to_load_from(folder: Path) -> None:
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"""(src|href)\s*=\s*["'](https?:)?//""", text)
    assert not re.search(r"@import|url\(\s*[\"']?(https?:)?//", text)


def test_markdown_links_only_to_files_that_were_written(folder: Path) -> None:
    links = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", (folder / "report.md").read_text(encoding="utf-8"))
    assert len(links) >= 8
    assert all((folder / link).is_file() for link in links)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("kind", ["folder", "several_folder"])
def test_latex_compiles(request: pytest.FixtureRequest, kind: str) -> None:
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "report.tex"]
    where = request.getfixturevalue(kind)
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, errors="replace", timeout=300)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Undefined control" not in done.stdout
    assert "Missing character" not in done.stdout
