// Lesson 13: a game step by step, with what the policy sees, looks at, and does.

const SHADES = 31; // of the saliency
const mixed = (from, to, share) => range(3).map((i) => Math.round(from[i] + share * (to[i] - from[i])));

// n colours from the first to the last of some, evenly mixed.
function ramp(colours, n) {
  const ends = colours.split(" ").map((code) => range(3).map((i) => parseInt(code.slice(2 * i, 2 * i + 2), 16)));
  return range(n).map((k) => {
    const place = (k / (n - 1)) * (ends.length - 1), below = Math.min(Math.floor(place), ends.length - 2);
    return `rgb(${mixed(ends[below], ends[below + 1], place - below)})`;
  });
}

// Those of matplotlib: gray, PuOr, magma.
const GRAYS = ramp("000000 ffffff", 81);
const ORANGE_TO_PURPLE = ramp("7f3b08 b35806 e08214 fdb863 fee0b6 f7f7f7 d8daeb b2abd2 8073ac 542788 2d004b", 101);
const MAGMA = ramp("000004 140e36 3b0f70 641a80 8c2981 b73779 de4968 f7705c fe9f6d fecf92 fcfdbf", SHADES + 1);

// Pictures from what each changes in an earlier one: [index, pairs of bytes], pixels to skip and the next one's value.
function unpacked(stored, [height, width]) {
  const pictures = [];
  for (const [like, text] of stored) {
    const picture = pictures.length ? pictures[like].slice() : new Uint8Array(height * width), pairs = atob(text);
    for (let i = 0, pixel = 0; i < pairs.length; i += 2, pixel += 1) {
      pixel += pairs.charCodeAt(i);
      picture[pixel] = pairs.charCodeAt(i + 1);
    }
    pictures.push(picture);
  }
  return pictures.map((picture) => range(height).map((row) => Array.from(picture.subarray(row * width, (row + 1) * width))));
}

// A game's pictures are unpacked when it is first looked at.
const GAMES = new WeakMap();
function gameOf(data) {
  const { frames, saliency, size } = data;
  if (!GAMES.has(data)) GAMES.set(data, { frames: unpacked(frames, size), saliency: unpacked(saliency, size) });
  return GAMES.get(data);
}

// A picture of coloured pixels, sharp at every size: each colour is one path of the runs that it has in the rows.
function mosaic(panel, title, pixels, colourOf) {
  const height = pixels.length, width = pixels[0].length, runs = new Map();
  panel.axes({ x: [0, width], y: [height, 0], equal: true, bare: true, title });
  pixels.forEach((row, y) => {
    const colours = row.map(colourOf);
    for (let x = 0, end; x < width; x = end) {
      for (end = x + 1; end < width && colours[end] === colours[x];) end += 1;
      runs.set(colours[x], `${runs.get(colours[x]) ?? ""}M${x} ${y}h${end - x}v1h${x - end}z`);
    }
  });
  const size = [(panel.right - panel.left) / width, (panel.bottom - panel.top) / height];
  const paths = [...runs].map(([colour, path]) => `<path fill="${colour}" d="${path}"/>`).join("");
  const place = `translate(${px(panel.left)} ${px(panel.top)}) scale(${size})`;
  panel.parts.push(`<g transform="${place}" shape-rendering="crispEdges">${paths}</g>`);
}

FIGURES.scrubber = {
  panels: 4,
  ratio: 1.12,
  lowest: 180,
  highest: 370,

  compute({ step }, data) {
    const { frames, saliency } = gameOf(data);
    return {
      step, newest: frames[step], oldest: frames[data.actions.length + step], probabilities: data.probabilities[step],
      action: data.actions[step], value: data.values[step], saliency: saliency[step], score: sum(data.rewards.slice(0, step)),
    };
  },

  describe(moment, { names }) {
    const chances = names.map((name, i) => `${name} ${pyFixed(moment.probabilities[i], 2)}`).join(", ");
    return `Step ${moment.step}, score so far ${pyFixed(moment.score, 0)}. Probabilities: ${chances}; drawn: `
      + `${names[moment.action]}. V = ${pyFixed(moment.value, 2)} in units of the normalised learning return.`;
  },

  draw(moment, [frame, change, looks, policy], { names }) {
    const shade = (share, colours) => colours[Math.round(clamp(share, 0, 1) * (colours.length - 1))];
    const differences = moment.newest.map((row, y) => row.map((x, i) => x - moment.oldest[y][i]));
    const narrow = frame.width < 200;
    mosaic(frame, narrow ? "newest frame" : "the newest frame", moment.newest, (x) => shade(x / 160, GRAYS));
    mosaic(change, `newest ${narrow ? "−" : "minus"} oldest`, differences, (x) => shade((x + 100) / 200, ORANGE_TO_PURPLE));
    mosaic(looks, "saliency", moment.saliency, (x) => MAGMA[x]);

    policy.axes({ x: [0, 1], y: [names.length - 0.6, -0.8], title: "policy", xLabel: narrow ? "" : "probability",
      xTicks: [0, 0.5, 1], yTicks: [] });
    moment.probabilities.forEach((p, i) => {
      policy.cell(0, i - 0.16, p, i + 0.16, { color: LOOK.old.color, edge: "none" });
      const drawn = i === moment.action ? ` ◂${narrow ? "" : " drawn"}` : "";
      policy.text(0.02, i - 0.44, names[i] + drawn, { small: true });
    });
  },
};
