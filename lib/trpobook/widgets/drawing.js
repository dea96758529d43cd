// What both simulators draw with: HTML elements, knobs, and SVG as text.

// The element that this fragment fills. No id is used, so that a page can hold many; front ends move scripts about,
// but leave them in the same output.
function ownElement() {
  const output = document.currentScript?.parentElement ?? document;
  const root = output.querySelector(".trpobook-lab:not([data-started])");
  root.dataset.started = "";
  return root;
}

// element("button", { type: "button", onclick: f }, "Play"): attributes, listeners by on…, then children.
function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

// Fills the element. JupyterLab would take the arrow keys, Enter and letters away from what has the focus, unless that
// very node says no.
function fill(root, name, ...children) {
  root.replaceChildren(element("form", { onsubmit: (event) => event.preventDefault() }, ...children));
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", name);
  for (const node of root.querySelectorAll("button, input, select, [tabindex]")) {
    node.setAttribute("data-lm-suppress-shortcuts", "true");
  }
}

// A picture under its title and its key, a list of [class, sign, words].
function picture(parent, height, title, key) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("role", "img");
  svg.style.height = `${height}px`;
  const heading = element("div", { class: "heading" }, title);
  const signs = key.map(([look, sign, words]) => element("span", { class: look }, element("b", {}, sign), ` ${words}`));
  parent.append(heading, element("div", { class: "key" }, ...signs), svg);
  return { svg, heading };
}

// Numbers as the book writes them: a true minus sign, and no minus before a zero.
const fixed = (x, digits) => x.toFixed(digits).replace(/^-(?=[0.]*$)/, "").replace("-", "−");
const short = (x) => String(Number(x.toPrecision(3))).replace("-", "−");
const percentText = (x) => `${fixed(x, 1)} %`;
const signed = (x, digits) => fixed(x, digits).replace(/^(?=.*[1-9])(?!−)/, "+");

function nats(x) {
  if (x >= 0.001) return `${short(x)} nats`;
  if (x < 1e-12) return "under 10⁻¹² nats"; // rounding errors
  const exponent = Math.floor(Math.log10(x));
  return `${fixed(x / 10 ** exponent, 1)}·10${superscript(exponent)} nats`;
}

const superscript = (n) => String(n).replace(/./g, (digit) => (digit === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]));

// A slider with its label and value. With `log` it runs over powers of ten; what it is set to stays exact, and only a
// reader's move is rounded.
function slider({ name, hint, low, high, step = "any", log = false, say = short, changed }) {
  const scale = (x) => (log ? Math.log10(x) : x);
  const value = element("b"), note = element("small");
  const input = element("input", {
    type: "range", min: scale(low), max: scale(high), step, "aria-label": `${name}, ${hint}`,
    oninput: () => changed(log ? Number((10 ** input.valueAsNumber).toPrecision(3)) : input.valueAsNumber),
  });
  const label = element("label", { class: "knob" }, element("span", {}, `${name} `, value), input, note);
  function show(x, unused = "") {
    // A slider that is being dragged stays under the pointer.
    if (Math.abs(scale(x) - input.valueAsNumber) > 0.002 * (input.max - input.min)) input.value = scale(x);
    input.setAttribute("aria-valuetext", say(x) + (unused && `, ${unused}`));
    value.textContent = `= ${say(x)}`;
    note.textContent = unused || hint;
  }
  return { label, show };
}

// Radio buttons. Their names meet only inside the surrounding form, so instances don't disturb each other.
function choice({ name, group, options, changed }) {
  const inputs = Object.entries(options).map(([key, words]) => {
    const input = element("input", { type: "radio", name: group, value: key, onchange: () => changed(key) });
    return [input, element("label", {}, input, ` ${words}`)];
  });
  const fieldset = element("fieldset", {}, element("legend", {}, name), ...inputs.map(([, label]) => label));
  const show = (key) => { for (const [input] of inputs) input.checked = input.value === key; };
  return { fieldset, show };
}

// Pieces of SVG; their looks are classes of the style sheet.
const px = (x) => x.toFixed(1);
const line = (look, x1, y1, x2, y2) => `<path class="${look}" d="M${px(x1)} ${px(y1)}L${px(x2)} ${px(y2)}"/>`;
const disc = (look, x, y, radius) => `<circle class="${look}" cx="${px(x)}" cy="${px(y)}" r="${radius}"/>`;

function curve(look, points) {
  return `<path class="${look}" d="M${points.map((point) => point.map(px).join(" ")).join("L")}"/>`;
}

function words(x, y, text, anchor = "start") {
  return `<text x="${px(x)}" y="${px(y)}" text-anchor="${anchor}">${text}</text>`;
}

function box(look, x1, y1, x2, y2) {
  return `<rect class="${look}" x="${px(x1)}" y="${px(y1)}" width="${px(x2 - x1)}" height="${px(y2 - y1)}"/>`;
}

// A frame with grid lines and ticks, [number, words] each; x and y of what it returns map numbers to pixels.
function frame(svg, { x: [x0, x1], y: [y0, y1], xTicks, yTicks, xName }) {
  const width = svg.clientWidth || 640, height = svg.clientHeight || parseFloat(svg.style.height);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const left = 50, top = 12, bottom = height - 38, end = width - 44;
  const x = (value) => left + ((value - x0) / (x1 - x0)) * (end - left);
  const y = (value) => bottom - ((value - y0) / (y1 - y0)) * (bottom - top);
  const parts = [box("face", 0, 0, width, height)];
  for (const [value, text] of yTicks) {
    parts.push(line("grid", left, y(value), end, y(value)), words(left - 7, y(value) + 4, text, "end"));
  }
  for (const [value, text] of xTicks) {
    parts.push(line("grid", x(value), top, x(value), bottom), words(x(value), bottom + 16, text, "middle"));
  }
  parts.push(curve("axis", [[left, top], [left, bottom], [end, bottom]]));
  parts.push(words((left + end) / 2, bottom + 33, xName, "middle"));
  return { x, y, left, top, bottom, end, parts };
}

// The signs of the three update rules, and a triangle for what lies above the picture.
function mark(kind, x, y, look) {
  const shapes = {
    trust: "m-3.6 0a3.6 3.6 0 1 0 7.2 0a3.6 3.6 0 1 0 -7.2 0",
    none: "m-4.4 0l4.4 -4.4l4.4 4.4l-4.4 4.4z",
    penalty: "m-4.2 -3.4h8.4l-4.2 7.4z",
    above: "m-5 8l5 -8l5 8z",
    ring: "m-7 0a7 7 0 1 0 14 0a7 7 0 1 0 -14 0",
  };
  return `<path class="${look}" d="M${px(x)} ${px(y)}${shapes[kind]}"/>`;
}

// Draws again whenever the element's width changes, and first when it has one.
function drawAtEveryWidth(node, draw) {
  let width = -1;
  new ResizeObserver(() => {
    if (node.clientWidth === width) return;
    width = node.clientWidth;
    draw();
  }).observe(node);
}
