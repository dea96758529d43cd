// Lesson 06: every bound and the truth along the random walker's natural gradient in the gridworld.

const EXPONENTS = linspace(-9, -1, 65); // log₁₀ of the mean KL
const WORLD = makeGridworld(GRIDWORLD);
const WALKER = WORLD.live.map(() => [0.25, 0.25, 0.25, 0.25]); // the random walker, the old policy

const PENALTY_LOOKS = {
  "theorem 1, largest KL": LOOK.bound,
  "theorem 1, largest TV²": LOOK.variation,
  "CPO, √ of the mean KL": { ...LOOK.forward, dash: "7 4" },
  "mean-KL theorem": LOOK.forward,
  "CPO, mean TV": { ...LOOK.variation, dash: "2 3" },
};

// The policies old·e^{αA} whose mean KL is 10^EXPONENTS, what they gain, and what each bound subtracts.
function alongCurve(gamma) {
  const value = WORLD.value(WALKER, gamma), advantage = WORLD.advantage(WALKER, gamma);
  const rho = WORLD.visitation(WALKER, gamma);
  const d = rho.map((visits) => (1 - gamma) * visits), largest = Math.max(...advantage.flat().map(Math.abs));
  const unit = advantage.map((row) => row.map((a) => a / largest));
  const klAt = (alpha, i) => { // log E_old e^{αA}, for E_old A = 0
    const [a, b, c, e] = unit[i];
    const four = Math.expm1(alpha * a) + Math.expm1(alpha * b) + Math.expm1(alpha * c) + Math.expm1(alpha * e);
    return Math.log1p(four / 4);
  };
  const meanKlAt = (alpha) => {
    let all = 0;
    for (let i = 0; i < unit.length; i++) all += d[i] * klAt(alpha, i);
    return all;
  };
  const first = 4 * largest * gamma / (1 - gamma) ** 2, odds = gamma / (1 - gamma);
  const meanConstant = (2 * largest / (1 - gamma)) * (odds + Math.sqrt(2 * odds));
  const along = { gamma, index: 0, alphas: [], gains: [], promises: [], penalties: {} };
  for (const name in PENALTY_LOOKS) along.penalties[name] = [];
  for (const exponent of EXPONENTS) {
    let low = -8, high = 3; // of log₁₀ α, as 36 halvings leave it
    for (let round = 0; round < 36; round++) {
      const middle = (low + high) / 2;
      if (meanKlAt(10 ** middle) < 10 ** exponent) low = middle;
      else high = middle;
    }
    const alpha = 10 ** low, policy = unit.map((row) => softmaxOf(row.map((a) => alpha * a)));
    const meanKl = meanKlAt(alpha), tv = policy.map((row, i) => totalVariationOf(WALKER[i], row));
    const notes = policy.map((row, i) => inner(row, advantage[i]));
    const toFirstOrder = gamma * Math.max(...notes.map(Math.abs)) / (1 - gamma) ** 2;
    const penalties = {
      "theorem 1, largest KL": (first / 2) * Math.max(...unit.map((_, i) => klAt(alpha, i))),
      "theorem 1, largest TV²": first * Math.max(...tv) ** 2,
      "CPO, √ of the mean KL": toFirstOrder * Math.sqrt(2 * meanKl),
      "mean-KL theorem": meanConstant * meanKl,
      "CPO, mean TV": toFirstOrder * 2 * inner(tv, d),
    };
    along.alphas.push(alpha / largest);
    along.gains.push(WORLD.value(policy, gamma)[GRIDWORLD.start] - value[GRIDWORLD.start]);
    along.promises.push(inner(notes, rho));
    for (const name in penalties) along.penalties[name].push(penalties[name]);
  }
  return along;
}

const CURVES = new Map(); // γ -> its curve, which takes a few milliseconds

function numberWords(x) {
  if (Math.abs(x) >= 0.9995e-3 && Math.abs(x) < 999.5) return minus(pyGeneral(x, 3));
  const [front, power] = x.toExponential(1).split("e");
  return `${minus(front)}·10${superscripts(Number(power))}`;
}

FIGURES.bounds_and_truth = {
  panels: 3,
  ratio: 1,
  lowest: 300,
  highest: 340,

  compute({ exponent, gamma }) {
    const key = Number(gamma.toFixed(3));
    if (!CURVES.has(key)) CURVES.set(key, alongCurve(key));
    return { ...CURVES.get(key), index: argmin(EXPONENTS.map((x) => Math.abs(x - exponent))) };
  },

  describe({ gamma, index, promises, gains, penalties }) {
    const names = Object.keys(penalties), sure = names.map((name) => promises[index] - penalties[name][index]);
    const held = names.filter((_, i) => sure[i] > 0), best = argmax(sure);
    const verdict = held.length ? `a gain is guaranteed by: ${held.join("; ")}` : "no bound guarantees a gain";
    return `γ = ${pyGeneral(gamma)}, a step of mean KL ${numberWords(10 ** EXPONENTS[index])}: `
      + `${numberWords(promises[index])} promised, ${numberWords(gains[index])} gained; ${verdict}. `
      + `The best guarantee is ${numberWords(sure[best])} (${names[best]}).`;
  },

  draw({ index, alphas, gains, promises, penalties }, [whole, zoom, key]) {
    const missed = gains.map((gain, i) => Math.abs(gain - promises[i]));
    const lines = [
      ["true gain", gains, LOOK.return],
      ["promised, L", promises, LOOK.surrogate], // dashed, on top of the gain: near the old policy they agree
      ["missed by L", missed, { ...LOOK.muted, width: 1.2 }],
      ...Object.entries(penalties).map(([name, penalty]) => [name, penalty, PENALTY_LOOKS[name]]),
    ];
    whole.axes({ x: [-9, -1], y: [-10, 5], title: "gain, promise, penalties", xLabel: "mean KL of the step, nats",
      yLabel: "return", xTicks: powersOfTen(-9, -1, 2), yTicks: powersOfTen(-9, 3, 3) });
    whole.vline(EXPONENTS[index]);
    for (const [, values, look] of lines) {
      whole.line(EXPONENTS, values.map((x) => Math.log10(Math.max(x, 1e-13))), look);
    }

    const unit = promises[index], upTo = (values) => [0, ...values.slice(0, index + 1)];
    const steps = upTo(alphas).map((alpha) => alpha / alphas[index]);
    zoom.axes({ x: [0, 1], y: [-1.1, 1.4], title: "promise less penalty",
      xLabel: zoom.width < 260 ? "step / the chosen one" : "step, as a share of the chosen one",
      yLabel: "share of the step's promise", xTicks: [0, 0.25, 0.5, 0.75, 1], yTicks: [-1, -0.5, 0, 0.5, 1] });
    zoom.hline(0);
    lines.forEach(([, values, look], row) => {
      if (row === 2) return; // what is missed is no guarantee
      const kept = row < 2 ? values : promises.map((promise, i) => promise - values[i]);
      zoom.line(steps, upTo(kept).map((x) => x / unit), look);
    });
    zoom.dots([1], [gains[index] / unit], { color: LOOK.return.color, size: 5, clip: false });

    key.axes({ x: [0, 1], y: [0, 1], bare: true });
    const sample = key.width < 260 ? 18 : 30;
    const height = (row) => 0.94 - 0.105 * (row + (row > 2));
    lines.forEach(([name, values, look], row) => {
      const y = key.y(height(row));
      key.parts.push(`<path d="M${px(key.left)} ${px(y)}h${sample}" ${key.stroke(look)}/>`);
      key.text(0, height(row), name, { color: look.color, dx: sample + 8 });
      key.text(1, height(row), numberWords(values[index]), { color: look.color, anchor: "end" });
    });
    key.text(0, 0.94 - 3 * 0.105, "the step's penalty by", { color: LOOK.muted.color });
  },
};
