// A figure with its controls: what every interactive of the book stands on, in JupyterLab and on the site alike.
//
// A lesson's script fills FIGURES: name -> { compute(values, data), describe(result), panels, draw(result, panels) }.
// `compute` and `describe` repeat their namesakes in Python, which a test holds them to; `draw` has a still by
// matplotlib as its counterpart. All are pure, and what changes is a model's named values.

const FIGURES = {};

// The colours of trpobook.book.style, and its line styles as dashes.
const LOOK = {
  old: { color: "#0060A8" },
  new: { color: "#C44E00", dash: "7 4" },
  return: { color: "#00795C" },
  surrogate: { color: "#A8328A", dash: "7 4" },
  bound: { color: "#222222", dash: "2 3" },
  forward: { color: "#0060A8" },
  backward: { color: "#C44E00", dash: "7 4" },
  variation: { color: "#6A3D9A", dash: "9 3 2 3" },
  variance: { color: "#A8328A", dash: "9 3 2 3" },
  muted: { color: "#6B6B6B" },
  ink: { color: "#222222" },
  faint: { color: "#C9CDD1" },
  band: { color: "#B8C4CE", opacity: 0.45 },
};

const escaped = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

// [number, words] for powers of ten on an axis that shows log₁₀ of a quantity.
const powersOfTen = (low, high, step = 1) =>
  range(Math.floor((high - low) / step + 1e-9) + 1).map((i) => [low + i * step, `10${superscripts(low + i * step)}`]);

// Round numbers that cover [low, high] in at most `most` steps.
function niceTicks(low, high, most = 5) {
  const rough = (high - low) / most, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough * (1 - 1e-9)) * power;
  const places = Math.max(0, -Math.floor(Math.log10(step) + 1e-9) + (Math.round(step / power * 10) === 25 ? 1 : 0));
  const first = Math.ceil(low / step - 1e-9), last = Math.floor(high / step + 1e-9);
  return range(last - first + 1).map((i) => [(first + i) * step, minus(((first + i) * step).toFixed(places))]);
}

// One pair of axes. `axes` comes first; what follows is drawn in its order, in the axes' own units.
class Panel {
  constructor(svg) {
    this.svg = svg;
  }

  begin(ratio, lowest, highest) {
    this.width = this.svg.clientWidth || 420;
    this.height = Math.round(clamp(this.width * ratio, lowest, highest));
    this.svg.style.height = `${this.height}px`;
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
    this.parts = [];
  }

  // x and y: [low, high]; ticks: numbers, or [number, words] pairs, or [] for none. `equal` makes both units as long,
  // `bare` leaves out lines and ticks.
  axes({ x, y, title = "", xLabel = "", yLabel = "", xTicks, yTicks, equal = false, bare = false, grid = true }) {
    const pair = (ticks, ends) => (ticks ?? niceTicks(...ends)).map((t) => (Array.isArray(t) ? t : [t, minus(String(t))]));
    const xs = bare ? [] : pair(xTicks, x), ys = bare ? [] : pair(yTicks, y);
    const widest = Math.max(0, ...ys.map(([, words]) => [...words].length));
    let left = (ys.length ? 12 + 7 * widest : bare ? 4 : 12) + (yLabel ? 20 : 0), right = this.width - (bare ? 4 : 14);
    let top = title ? 30 : 10, bottom = this.height - (bare ? 4 : 12) - (xs.length ? 16 : 0) - (xLabel ? 20 : 0);
    this.centre = (left + right) / 2;
    if (equal) {
      const unit = Math.min((right - left) / Math.abs(x[1] - x[0]), (bottom - top) / Math.abs(y[1] - y[0]));
      const middle = (top + bottom) / 2, width = unit * Math.abs(x[1] - x[0]), height = unit * Math.abs(y[1] - y[0]);
      [left, right] = [this.centre - width / 2, this.centre + width / 2];
      [top, bottom] = [middle - height / 2, middle + height / 2];
    }
    Object.assign(this, { left, right, top, bottom, xEnds: x, yEnds: y });
    this.clip = `clip${Panel.count = (Panel.count ?? 0) + 1}`;
    this.parts.push(`<clipPath id="${this.clip}"><rect x="${px(left)}" y="${px(top)}" width="${px(right - left)}" `
      + `height="${px(bottom - top)}"/></clipPath>`);
    for (const [value, text] of ys) {
      if (grid) this.parts.push(line("grid", left, this.y(value), right, this.y(value)));
      this.parts.push(this.words(left - 6, this.y(value), text, { anchor: "end", small: true }));
    }
    for (const [value, text] of xs) {
      if (grid) this.parts.push(line("grid", this.x(value), top, this.x(value), bottom));
      this.parts.push(this.words(this.x(value), bottom + 13, text, { anchor: "middle", small: true }));
    }
    if (!bare) this.parts.push(curve("axis", [[left, top], [left, bottom], [right, bottom]]));
    if (title) this.parts.push(this.words(Math.min(left, 12 + (yLabel ? 20 : 0)), 14, title, { strong: true }));
    if (xLabel) this.parts.push(this.words((left + right) / 2, this.height - 9, xLabel, { anchor: "middle" }));
    if (yLabel) {
      const place = `transform="rotate(-90 12 ${px((top + bottom) / 2)})"`;
      this.parts.push(this.words(12, (top + bottom) / 2, yLabel, { anchor: "middle", place }));
    }
  }

  x(value) {
    return this.left + ((value - this.xEnds[0]) / (this.xEnds[1] - this.xEnds[0])) * (this.right - this.left);
  }

  y(value) {
    return this.bottom - ((value - this.yEnds[0]) / (this.yEnds[1] - this.yEnds[0])) * (this.bottom - this.top);
  }

  // `halo` is a white edge of some pixels, for words that a line may cross.
  words(x, y, text, { color, anchor = "start", small = false, strong = false, place = "", size, halo = 0 } = {}) {
    const kinds = [small && "small", strong && "strong"].filter(Boolean).join(" "), looks = kinds ? ` class="${kinds}"` : "";
    const edge = halo ? ` paint-order="stroke" stroke="#FFFFFF" stroke-width="${halo}" stroke-linejoin="round"` : "";
    const style = `${color ? ` fill="${color}"` : ""}${size ? ` font-size="${size}"` : ""}${edge}`;
    return `<text x="${px(x)}" y="${px(y)}" dy="0.35em" text-anchor="${anchor}"${looks}${style} ${place}>${escaped(text)}</text>`;
  }

  stroke({ color = LOOK.ink.color, dash = "", width = 2.2, opacity = 1 } = {}) {
    return `fill="none" stroke="${color}" stroke-width="${width}" stroke-opacity="${opacity}"`
      + `${dash ? ` stroke-dasharray="${dash}"` : ""} clip-path="url(#${this.clip})"`;
  }

  // A curve through the points; a NaN lifts the pen.
  line(xs, ys, look) {
    let path = "", down = false;
    xs.forEach((value, i) => {
      const [x, y] = [this.x(value), this.y(ys[i])];
      if (!Number.isFinite(x) || !Number.isFinite(y)) down = false;
      else {
        // far outside, coordinates that SVG can't hold are cut; the clip hides them in any case
        path += `${down ? "L" : "M"}${px(clamp(x, -9e3, 9e3))} ${px(clamp(y, -9e3, 9e3))}`;
        down = true;
      }
    });
    if (path) this.parts.push(`<path d="${path}" ${this.stroke(look)}/>`);
  }

  // Marks at the points. shape: "o", "s", "D", "x", "^", "*"; `hollow` ones have the face's colour inside.
  dots(xs, ys, { color = LOOK.ink.color, size = 4, shape = "o", hollow = false, opacity = 1, clip = true } = {}) {
    const r = size, d = {
      o: `m${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`,
      s: `m${-r} ${-r}h${2 * r}v${2 * r}h${-2 * r}z`,
      x: `m${-r} ${-r}l${2 * r} ${2 * r}m0 ${-2 * r}l${-2 * r} ${2 * r}`,
      D: `m0 ${-1.3 * r}l${1.3 * r} ${1.3 * r}l${-1.3 * r} ${1.3 * r}l${-1.3 * r} ${-1.3 * r}z`,
      "^": `m0 ${-1.2 * r}l${1.1 * r} ${2 * r}h${-2.2 * r}z`,
      "*": range(10).map((i) => {
        const reach = i % 2 ? 0.45 * r : 1.15 * r, turn = (Math.PI * i) / 5;
        return `${i ? "L" : "M"}${px(reach * Math.sin(turn))} ${px(-reach * Math.cos(turn))}`;
      }).join("") + "z",
    }[shape];
    const looks = `fill="${hollow ? "#FFFFFF" : shape === "x" ? "none" : color}" stroke="${color}" `
      + `stroke-width="${hollow || shape === "x" ? 2 : 0}" opacity="${opacity}"${clip ? ` clip-path="url(#${this.clip})"` : ""}`;
    const marks = xs.map((value, i) => [this.x(value), this.y(ys[i])])
      .filter((point) => point.every((z) => Number.isFinite(z) && Math.abs(z) < 9e3));
    // a star's path is absolute, so it is moved; the others are relative to their place
    if (shape === "*") {
      for (const [x, y] of marks) this.parts.push(`<path d="${d}" transform="translate(${px(x)} ${px(y)})" ${looks.replace(/ clip-path.*$/, "")}/>`);
    } else if (marks.length) {
      this.parts.push(`<path d="${marks.map(([x, y]) => `M${px(x)} ${px(y)}${d}`).join("")}" ${looks}/>`);
    }
  }

  // The area between two curves.
  area(xs, lows, highs, { color, opacity = 0.15 }) {
    const there = xs.map((value, i) => `${px(this.x(value))} ${px(clamp(this.y(highs[i]), -9e3, 9e3))}`);
    const back = xs.map((value, i) => `${px(this.x(value))} ${px(clamp(this.y(lows[i]), -9e3, 9e3))}`).reverse();
    this.parts.push(`<path d="M${[...there, ...back].join("L")}z" fill="${color}" fill-opacity="${opacity}" clip-path="url(#${this.clip})"/>`);
  }

  polygon(xs, ys, { color, opacity = 1, edge = "none", width = 1 }) {
    const points = xs.map((value, i) => `${px(this.x(value))} ${px(this.y(ys[i]))}`).join("L");
    this.parts.push(`<path d="M${points}z" fill="${color}" fill-opacity="${opacity}" stroke="${edge}" stroke-width="${width}" clip-path="url(#${this.clip})"/>`);
  }

  // A stripe: { x: [low, high] } over the whole height, { y: [low, high] } over the whole width.
  band({ x = this.xEnds, y = this.yEnds }, { color, opacity } = LOOK.band) {
    this.area(x, [y[0], y[0]], [y[1], y[1]], { color, opacity });
  }

  hline(y, look = { ...LOOK.muted, width: 1 }) {
    this.line(this.xEnds, [y, y], look);
  }

  vline(x, look = { ...LOOK.muted, width: 1 }) {
    this.line([x, x], this.yEnds, look);
  }

  // Bars from `base` up; `hollow` ones are hatched in their colour.
  bars(places, heights, { color, width = 0.8, base = 0, hollow = false, opacity = 1 }) {
    places.forEach((place, i) => {
      const [x1, x2] = [this.x(place - width / 2), this.x(place + width / 2)];
      const [y1, y2] = [this.y(Math.max(base, heights[i])), this.y(Math.min(base, heights[i]))];
      const size = `x="${px(x1)}" y="${px(y1)}" width="${px(x2 - x1)}" height="${px(Math.max(0, y2 - y1))}"`;
      this.parts.push(`<rect ${size} fill="${hollow ? "#FFFFFF" : color}" fill-opacity="${opacity}" `
        + `stroke="${hollow ? color : "none"}" stroke-width="1.5" clip-path="url(#${this.clip})"/>`);
      if (hollow) {
        let d = "";
        for (let k = x1 - (y2 - y1); k < x2; k += 7) { // 45°, cut at the bar's edges
          const from = Math.max(k, x1), to = Math.min(k + (y2 - y1), x2);
          if (to > from) d += `M${px(from)} ${px(y2 - (from - k))}L${px(to)} ${px(y2 - (to - k))}`;
        }
        this.parts.push(`<path d="${d}" stroke="${color}" stroke-width="1" clip-path="url(#${this.clip})"/>`);
      }
    });
  }

  // Words at a point of the axes, or with `frac` at a share of their width and height; dx and dy in pixels, dy down.
  text(x, y, text, { dx = 0, dy = 0, frac = false, ...look } = {}) {
    const [left, top] = frac
      ? [this.left + x * (this.right - this.left), this.bottom - y * (this.bottom - this.top)] : [this.x(x), this.y(y)];
    this.parts.push(this.words(left + dx, top + dy, text, look));
  }

  arrow(x0, y0, x1, y1, { color = LOOK.ink.color, width = 2, head = 7 } = {}) {
    const [a, b, c, d] = [this.x(x0), this.y(y0), this.x(x1), this.y(y1)], length = Math.hypot(c - a, d - b);
    if (!(length > 0.5)) return;
    const size = Math.min(head, 0.6 * length), [ux, uy] = [(c - a) / length, (d - b) / length];
    const base = [c - size * ux, d - size * uy], half = 0.5 * size;
    this.parts.push(`<path d="M${px(a)} ${px(b)}L${px(base[0])} ${px(base[1])}" stroke="${color}" stroke-width="${width}"/>`);
    this.parts.push(`<path d="M${px(c)} ${px(d)}L${px(base[0] - half * uy)} ${px(base[1] + half * ux)}`
      + `L${px(base[0] + half * uy)} ${px(base[1] - half * ux)}z" fill="${color}"/>`);
  }

  // A coloured rectangle in the axes' units, for maps; `edge` is its outline.
  cell(x1, y1, x2, y2, { color, edge = "#C9CDD1" }) {
    const [left, right] = [this.x(x1), this.x(x2)].sort((a, b) => a - b);
    const [top, bottom] = [this.y(y1), this.y(y2)].sort((a, b) => a - b);
    this.parts.push(`<rect x="${px(left)}" y="${px(top)}" width="${px(right - left)}" height="${px(bottom - top)}" fill="${color}" stroke="${edge}" stroke-width="0.8"/>`);
  }

  // A picture over the whole axes, from a data address.
  image(address) {
    this.parts.push(`<image href="${address}" x="${px(this.left)}" y="${px(this.top)}" width="${px(this.right - this.left)}" `
      + `height="${px(this.bottom - this.top)}" preserveAspectRatio="none"/>`);
  }

  end() {
    this.svg.innerHTML = box("face", 0, 0, this.width, this.height) + this.parts.join("");
  }
}

// A slider that shows its number as Python would: f"{x:.3g}".
function numberSlider({ label, low, high, step }, changed) {
  const value = element("output");
  const input = element("input", {
    type: "range", min: low, max: high, step, "aria-label": label,
    oninput: () => changed(Number(input.valueAsNumber.toPrecision(12))),
  });
  const node = element("label", { class: "knob" }, element("span", {}, `${label} `, value), input);
  const show = (x) => {
    if (input.valueAsNumber !== x) input.value = x;
    value.textContent = `= ${minus(pyGeneral(x, 3))}`;
    input.setAttribute("aria-valuetext", minus(pyGeneral(x, 3)));
  };
  return { node, show };
}

function switchBox({ label }, changed) {
  const input = element("input", { type: "checkbox", role: "switch", onchange: () => changed(input.checked) });
  return { node: element("label", { class: "switch" }, input, ` ${label}`), show: (on) => { input.checked = on; } };
}

function choiceBox({ label, options }, changed) {
  const select = element("select", { "aria-label": label, onchange: () => changed(options[select.selectedIndex]) },
    ...options.map((option) => element("option", {}, String(option))));
  return {
    node: element("label", { class: "knob" }, element("span", {}, label), select),
    show: (value) => { select.selectedIndex = options.indexOf(value); },
  };
}

const CONTROLS = { slider: numberSlider, switch: switchBox, choice: choiceBox };

// What holds a figure's values where there is no Jupyter: the part of its model that figures use.
class PlainModel {
  constructor(values) {
    this.values = values;
    this.listeners = {};
  }
  get(name) {
    return this.values[name];
  }
  set(name, value) {
    this.values[name] = value;
  }
  on(event, listener) {
    (this.listeners[event] ??= []).push(listener);
  }
  save_changes() {}
}

// Puts a figure into `el`. The model holds `figure`, its name; `title`; `settings`, what there is to be moved; `data`,
// what its computation needs besides; and one value under the name of each control.
function startFigure(el, model) {
  const figure = FIGURES[model.get("figure")], controls = model.get("settings"), data = model.get("data");
  const root = element("div", { class: "trpobook-lab figure" });
  const sentence = element("p", { role: "status", "aria-live": "polite", class: "sentence" });
  const stage = element("div", { class: `panels of${figure.panels}`, role: "img" });
  const panels = range(figure.panels).map(() => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("aria-hidden", "true");
    stage.append(svg);
    return new Panel(svg);
  });
  const knobs = controls.map((control) => (CONTROLS[control.kind] ?? figure.controls[control.kind])(control, (value) => {
    model.set(control.name, value);
    refresh();
    model.save_changes();
  }));
  fill(root, model.get("title"), element("div", { class: "knobs free" }, ...knobs.map((knob) => knob.node)), stage, sentence);
  el.replaceChildren(root);

  const values = () => Object.fromEntries(controls.map(({ name }) => [name, model.get(name)]));

  function refresh() {
    try {
      const now = values(), result = figure.compute(now, data);
      controls.forEach(({ name }, i) => knobs[i].show(now[name], result));
      for (const panel of panels) panel.begin(figure.ratio ?? 0.8, figure.lowest ?? 230, figure.highest ?? 360);
      figure.draw(result, panels, data);
      for (const panel of panels) panel.end();
      sentence.textContent = figure.describe(result, data);
      stage.setAttribute("aria-label", sentence.textContent);
    } catch (error) {
      sentence.textContent = `Widget error: ${error}`;
      throw error;
    }
  }

  for (const { name } of controls) model.on(`change:${name}`, refresh);
  refresh();
  drawAtEveryWidth(stage, refresh);
}
