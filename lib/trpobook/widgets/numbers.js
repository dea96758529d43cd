// Numbers as NumPy makes them and as Python writes them, so that a figure says the same here and there.

const range = (n) => Array.from({ length: n }, (_, i) => i);
const linspace = (low, high, n) => range(n).map((i) => (i === n - 1 ? high : low + i * ((high - low) / (n - 1))));
const logspace = (low, high, n) => linspace(low, high, n).map((x) => 10 ** x);
const sum = (xs) => xs.reduce((all, x) => all + x, 0);
const mean = (xs) => sum(xs) / xs.length;
const inner = (xs, ys) => xs.reduce((all, x, i) => all + x * ys[i], 0);
const clamp = (x, low, high) => Math.min(Math.max(x, low), high);
const argmax = (xs) => xs.reduce((best, x, i) => (x > xs[best] ? i : best), 0);
const argmin = (xs) => xs.reduce((best, x, i) => (x < xs[best] ? i : best), 0);

// The value below which a share q of the sorted numbers lies, between neighbours by a straight line: np.quantile.
function quantile(xs, q) {
  const sorted = [...xs].sort((a, b) => a - b), place = q * (sorted.length - 1), below = Math.floor(place);
  return sorted[below] + (place - below) * ((sorted[below + 1] ?? sorted[below]) - sorted[below]);
}
const median = (xs) => quantile(xs, 0.5);

const softmaxOf = (logits) => {
  const highest = Math.max(...logits), weights = logits.map((z) => Math.exp(z - highest)), all = sum(weights);
  return weights.map((w) => w / all);
};

// KL(p‖q) in nats; where p is 0 nothing is added.
const klOf = (p, q) => sum(p.map((x, i) => (x > 0 ? x * Math.log(x / q[i]) : 0)));
const chiSquaredOf = (q, p) => sum(q.map((x, i) => (x - p[i]) ** 2 / p[i]));
const totalVariationOf = (p, q) => sum(p.map((x, i) => Math.abs(x - q[i]))) / 2;

// An integer decimal that lies exactly between two: Python rounds to the even one, toFixed upwards.
function tie(x, digits) {
  const scaled = Math.abs(x) * 10 ** digits, low = Math.floor(scaled);
  const exact = scaled - low === 0.5 && Number.isInteger(Math.abs(x) * 2 ** 40) && (low + 0.5) / 10 ** digits === Math.abs(x);
  return exact && low % 2 === 0 ? Math.sign(x) * low / 10 ** digits : x;
}

// f"{x:.2f}", with the minus sign as Python writes it; `minus` makes it the book's.
function pyFixed(x, digits) {
  if (!Number.isFinite(x)) return pyWord(x);
  const even = tie(x, digits);
  return (Object.is(even, -0) ? "-" : "") + even.toFixed(digits);
}
const pyWord = (x) => (Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf");
const pySigned = (x, digits) => (x < 0 || Object.is(x, -0) ? "" : "+") + pyFixed(x, digits);

// f"{x:.3g}"
function pyGeneral(x, digits = 6) {
  if (!Number.isFinite(x)) return pyWord(x);
  if (x === 0) return Object.is(x, -0) ? "-0" : "0";
  const exponent = Number(x.toExponential(digits - 1).split("e")[1]);
  if (exponent < -4 || exponent >= digits) {
    const [front, power] = x.toExponential(digits - 1).split("e");
    const short = front.includes(".") ? front.replace(/\.?0+$/, "") : front;
    return `${short}e${power[0]}${power.slice(1).padStart(2, "0")}`;
  }
  const whole = pyFixed(x, digits - 1 - exponent);
  return whole.includes(".") ? whole.replace(/\.?0+$/, "") : whole;
}

// np.format_float_positional(x, precision=digits, fractional=False, trim="-")
const positional = (x, digits) => {
  const exponent = Number(x.toExponential(digits - 1).split("e")[1]), whole = x.toFixed(Math.max(0, digits - 1 - exponent));
  return whole.includes(".") ? whole.replace(/\.?0+$/, "") : String(Number(x.toPrecision(digits)));
};

// f"{x:.0%}"
const pyPercent = (x, digits = 0) => `${pyFixed(100 * x, digits)}%`;
// f"{x:,}" of a whole number, with the separator that is asked for.
const grouped = (x, separator = ",") => String(x).replace(/\B(?=(\d{3})+$)/g, separator);
const minus = (text) => text.replace(/-/g, "−");
const superscripts = (n) => String(n).replace(/./g, (c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]));
