// Lesson 03: λ trades the bias of GAE against its variance, both exact, in the gridworld.

const DISCOUNT = 0.95, WORLD = makeGridworld(GRIDWORLD);
const ACTIONS = ["up", "right", "down", "left"], UNIFORM = WORLD.live.map(() => [0.25, 0.25, 0.25, 0.25]);
const CELL = 7; // the cell above the trap, where one action is much worse than the others
const LAMBDAS = range(101).map((i) => i * 0.01);
const MSE_FLOOR = 1e-7; // below the picture

// A table (S, A) from what each action finds where it lands, 0 for cells where episodes end.
const tableOf = (f) => WORLD.target.map((row, s) => row.map((to, a) => (WORLD.live[s] ? f(s, to, a) : 0)));
const eachLess = (row, level) => row.map((x) => x - level);

// x with (I − discount·P)·x = source, where P is the uniform policy's chain among live cells.
const solveAhead = (discount, source) => solve(WORLD.future(UNIFORM, discount), [...source]);

// Mean and variance of GAE's estimate for each cell and action, as gae_moments has them.
function gaeMoments(values, lam) {
  const carry = DISCOUNT * lam;
  const deltas = tableOf((s, to, a) => WORLD.reward[s][a] + DISCOUNT * WORLD.live[to] * values[to] - values[s]);
  const solved = (discount, source) => {
    const ahead = solveAhead(discount, source.map(mean)).map((x, s) => WORLD.live[s] * x);
    return [tableOf((s, to, a) => source[s][a] + discount * ahead[to]), ahead];
  };
  const [expected, ahead] = solved(carry, deltas);
  const crossed = tableOf((s, to, a) => deltas[s][a] ** 2 + 2 * carry * deltas[s][a] * ahead[to]);
  const [second] = solved(carry ** 2, crossed);
  return { expected, spread: tableOf((s, _, a) => second[s][a] - expected[s][a] ** 2) };
}

const WORLD_VALUE = WORLD.value(UNIFORM, DISCOUNT), WORLD_ADVANTAGE = WORLD.advantage(UNIFORM, DISCOUNT);
const wrongValue = (pattern, size) => WORLD_VALUE.map((v, s) => v + size * pattern[s]);

// Along λ: harmful bias² for an error of size 1, and the variance for sizes −1, 0 and 1, from which every size follows:
// the bias is linear in the error and the variance quadratic.
function curvesAlongLambda(pattern) {
  const visits = WORLD.visitation(UNIFORM, DISCOUNT), all = sum(visits);
  const average = (table) => inner(visits.map((x) => x / all), table.map(mean));
  const found = LAMBDAS.map((lam) => {
    const [minusOne, zero, one] = [-1, 0, 1].map((size) => gaeMoments(wrongValue(pattern, size), lam));
    const wrong = one.expected.map((row, s) => row.map((x, a) => x - WORLD_ADVANTAGE[s][a]));
    const harmful = wrong.map((row) => eachLess(row, mean(row)).map((x) => x * x));
    return [average(harmful), ...[minusOne, zero, one].map(({ spread }) => average(spread))];
  });
  return [0, 1, 2, 3].map((k) => found.map((row) => row[k]));
}
let alongLambda; // made once: it takes some milliseconds

const nearestLambda = (lam) => argmin(LAMBDAS.map((x) => Math.abs(x - lam)));

FIGURES.tradeoff = {
  panels: 2,
  lowest: 270,

  compute({ lam, error, log_samples: logSamples }, data) {
    const samples = 10 ** logSamples, [harmful, low, zero, high] = alongLambda ??= curvesAlongLambda(data.error);
    const { expected, spread } = gaeMoments(wrongValue(data.error, error), lam);
    const bias = harmful.map((x) => error ** 2 * x);
    const variance = zero.map((x, i) =>
      (x + (error * (high[i] - low[i])) / 2 + error ** 2 * ((high[i] + low[i]) / 2 - x)) / samples);
    return {
      lam, error, samples, bias, variance, advantage: WORLD_ADVANTAGE[CELL],
      mean: eachLess(expected[CELL], mean(expected[CELL])),
      spread: spread[CELL].map((x) => Math.sqrt(Math.max(x, 0) / samples)),
      best: LAMBDAS[argmin(bias.map((x, i) => x + variance[i]))],
    };
  },

  describe(t) {
    const here = nearestLambda(t.lam);
    const number = (x) => {
      if (x < MSE_FLOOR / 10) return "0";
      const [mantissa, exponent] = x.toExponential(1).split("e");
      return `${mantissa}·10${superscripts(Number(exponent))}`;
    };
    const count = `${pyFixed(t.samples, 0)} ${Math.round(t.samples) === 1 ? "sample" : "samples"}`;
    return `λ = ${pyFixed(t.lam, 2)}, V wrong by ${pyFixed(t.error, 2)}, ${count} of each action: `
      + `bias² ${number(t.bias[here])}, variance of the average ${number(t.variance[here])}. The least sum of the two is at `
      + `λ = ${pyFixed(t.best, 2)} (dotted).`;
  },

  draw(t, [left, right]) {
    const total = t.bias.map((x, i) => x + t.variance[i]), height = (x) => Math.log10(x + MSE_FLOOR);
    left.axes({ x: [-0.02, 1.02], y: [-6, 0.3], title: "all cells", xLabel: "λ", yLabel: "mean squared error",
      xTicks: niceTicks(0, 1), yTicks: powersOfTen(-6, 0) });
    left.line([t.best, t.best], [-6, -0.3], { ...LOOK.muted, dash: "2 3", width: 1.2 });
    left.line(LAMBDAS, t.bias.map(height), LOOK.new);
    left.line(LAMBDAS, t.variance.map(height), LOOK.variance);
    left.line(LAMBDAS, total.map(height), { ...LOOK.ink, width: 1.4 });
    const here = height(total[nearestLambda(t.lam)]);
    left.dots([t.lam], [here], { color: LOOK.ink.color, size: 6, clip: here < -6 });
    const roomy = left.right - left.left > 270; // for a piece of each line before its name
    let place = left.left + 9;
    const names = [["bias²", 34, LOOK.new], ["variance", 56, LOOK.variance], ["sum", 28, { ...LOOK.ink, width: 1.4 }]];
    for (const [name, width, look] of names) {
      if (roomy) left.parts.push(`<path d="M${px(place)} ${px(left.top + 11)}h26" ${left.stroke(look)}/>`);
      place += roomy ? 32 : 0;
      left.text(0, 1, name, { frac: true, dx: place - left.left, dy: 11, color: look.color });
      place += width + 18;
    }

    const heights = niceTicks(-1.25, 0.75, 8);
    right.axes({ x: [-0.5, 3.5], y: [-1.25, 0.9], title: "the cell above the trap", xLabel: "action", yLabel: "advantage",
      xTicks: ACTIONS.map((name, a) => [a, name]), yTicks: heights, grid: false });
    for (const [y] of heights) right.hline(y, { color: "#E3E6E8", width: 1 });
    right.bars(range(4), t.advantage, { color: "#A9C6DF", width: 0.6 });
    right.hline(0, { ...LOOK.ink, width: 1 });
    t.mean.forEach((x, a) => {
      right.line([a, a], [x - t.spread[a], x + t.spread[a]], { color: LOOK.new.color, width: 3 });
      const d = `M${px(right.x(a))} ${px(right.y(x) - 6)}l6 6l-6 6l-6 -6z`;
      right.parts.push(`<path d="${d}" fill="${LOOK.new.color}"/>`);
    });
    right.text(0.03, 0, "bars: true advantage", { frac: true, dy: -28, color: LOOK.old.color });
    right.text(0.03, 0, "◆ estimate ± its spread", { frac: true, dy: -11, color: LOOK.new.color });
  },
};
