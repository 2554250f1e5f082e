// Show the values of a panel's curves where the pointer is.
for (const panel of document.querySelectorAll("[data-curves]")) {
  const svg = panel.querySelector("svg"), data = JSON.parse(panel.dataset.curves);
  const [left, top, right, bottom] = data.box, [low, high] = data.x.limits, log = data.x.scale === "log";
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  panel.append(tip);
  const text = (value) => Number(value.toPrecision(3)).toLocaleString("en", { maximumSignificantDigits: 4 });
  panel.addEventListener("pointermove", (event) => {
    const place = svg.getBoundingClientRect(), view = svg.viewBox.baseVal;
    const at = ((event.clientX - place.left) * view.width) / place.width;
    const down = ((event.clientY - place.top) * view.height) / place.height;
    tip.hidden = at < left || at > right || down < top || down > bottom;
    if (tip.hidden) return;
    const share = (at - left) / (right - left);
    const x = log ? low * (high / low) ** share : low + (high - low) * share;
    const hidden = (group) => document.querySelector(`[data-group="${group}"][aria-pressed="false"]`) !== null;
    const rows = data.curves
      .filter((curve) => x >= curve.x[0] && x <= curve.x[curve.x.length - 1] && !hidden(curve.group))
      .map((curve) => [curve.label, curve.y[curve.x.findLastIndex((own) => own <= x)]])
      .sort((a, b) => a[1] - b[1]);
    tip.replaceChildren(...[`${data.x.label}: ${text(x)}`, ...rows.map(([label, y]) => `${label}: ${text(y)}`)].map((line) => {
      const row = document.createElement("div");
      row.textContent = line;
      return row;
    }));
    const wide = event.clientX - place.left > place.width / 2;
    tip.style.left = wide ? "" : `${event.clientX - place.left + 12}px`;
    tip.style.right = wide ? `${place.right - event.clientX + 12}px` : "";
    tip.style.top = `${event.clientY - place.top + 12}px`;
  });
  panel.addEventListener("pointerleave", () => { tip.hidden = true; });
}
