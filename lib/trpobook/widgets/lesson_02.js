// Lesson 02: a baseline shapes the scatter of the gradient; γ flips the arrow when γᵗ is dropped.

const WORTH = [3, 2, 1]; // Q of the three actions
const PLANE = [[1, -1, 0].map((x) => x / Math.sqrt(2)), [1, 1, -2].map((x) => x / Math.sqrt(6))];
// Many numbers here end in a 5, and rounding errors mustn't choose its neighbour.
const toNinePlaces = (x) => Number(x.toFixed(9));
const twoPlaces = (x) => pyFixed(toNinePlaces(x), 2);

// The estimate that each action gives, their mean and their covariance, in the scores' plane.
function scatterMoments(pi, scores, baseline, noise) {
  const points = scores.map((score, a) => score.map((x) => x * (WORTH[a] - baseline)));
  const centre = [0, 1].map((i) => inner(pi, points.map((point) => point[i])));
  const weights = pi.map((p, a) => p * ((WORTH[a] - baseline) ** 2 + noise ** 2));
  const second = (i, j) => sum(scores.map((score, a) => weights[a] * score[i] * score[j]));
  const covariance = [0, 1].map((i) => [0, 1].map((j) => second(i, j) - centre[i] * centre[j]));
  return { points, mean: centre, covariance, variance: covariance[0][0] + covariance[1][1] };
}

FIGURES.baseline_ellipse = {
  panels: 2,
  ratio: 0.86,
  lowest: 290,
  highest: 380,

  compute({ baseline, first, noise }) {
    const pi = [first, (1 - first) * 0.7, (1 - first) * 0.3];
    const scores = WORTH.map((_, a) => PLANE.map((axis) => axis[a] - inner(axis, pi)));
    const squares = scores.map(([x, y], a) => pi[a] * (x * x + y * y)), price = sum(squares);
    const best = inner(squares, WORTH) / price, floor = scatterMoments(pi, scores, best, noise).variance;
    return { baseline, noise, pi, ...scatterMoments(pi, scores, baseline, noise), value: inner(pi, WORTH), best, floor, price };
  },

  describe(scatter) {
    const [first, second, third] = scatter.pi.map(twoPlaces), [right, up] = scatter.mean.map(twoPlaces);
    const atValue = scatter.floor + scatter.price * (scatter.value - scatter.best) ** 2;
    return `Actions worth 3, 2 and 1 are taken with probabilities ${first}, ${second} and ${third}; `
      + `returns scatter by ${pyFixed(scatter.noise, 2)} about that. `
      + `The total variance is ${twoPlaces(scatter.variance)} with the baseline ${pyFixed(scatter.baseline, 2)}, `
      + `${twoPlaces(scatter.floor)} with the best, ${twoPlaces(scatter.best)}, and `
      + `${twoPlaces(atValue)} with V, ${twoPlaces(scatter.value)}. The mean stays at (${right}, ${up}).`;
  },

  draw(scatter, [left, right]) {
    const [[xx, xy], [, yy]] = scatter.covariance, { mean: centre } = scatter;
    left.axes({ x: [-3.5, 3.5], y: [-3, 4.3], title: "estimates", xLabel: "first logit up, second down →",
      yLabel: "both up, third down →", xTicks: niceTicks(-3, 3, 6), yTicks: niceTicks(-3, 4, 7) });
    // a circle through the square root of the covariance
    const wide = Math.sqrt(Math.max(xx, 0)), slope = wide > 0 ? xy / wide : 0, high = Math.sqrt(Math.max(yy - slope ** 2, 0));
    const turns = linspace(0, 2 * Math.PI, 121);
    left.polygon(turns.map((t) => centre[0] + wide * Math.cos(t)),
      turns.map((t) => centre[1] + slope * Math.cos(t) + high * Math.sin(t)), { color: "#EBD3E5" });
    left.hline(0, { ...LOOK.faint, width: 1 });
    left.vline(0, { ...LOOK.faint, width: 1 });
    scatter.points.forEach(([x, y], a) => {
      left.dots([x], [y], { color: LOOK.new.color, size: 2.4 + 8 * Math.sqrt(scatter.pi[a]) });
    });
    left.arrow(0, 0, ...centre, { color: LOOK.return.color, width: 2.6, head: 10 });
    left.text(0.02, 0, "→ gradient", { frac: true, dy: -44, color: LOOK.return.color });
    left.text(0.02, 0, "● estimates, larger: likelier", { frac: true, dy: -27, color: LOOK.new.color });
    left.text(0.02, 0, "ellipse: one standard deviation", { frac: true, dy: -10, color: LOOK.variance.color });

    right.axes({ x: [-0.1, 4.1], y: [0, 7.5], title: "variance", xLabel: "baseline b", yLabel: "total variance",
      xTicks: niceTicks(0, 4), yTicks: niceTicks(0, 7, 7) });
    const b = linspace(0, 4, 101), { best, value } = scatter;
    right.vline(best, { ...LOOK.ink, dash: "2 3", width: 1.6 });
    right.vline(value, { ...LOOK.old, dash: "6 4", width: 1.6 });
    right.line(b, b.map((x) => scatter.floor + scatter.price * (x - best) ** 2), LOOK.variance);
    right.dots([scatter.baseline], [scatter.variance], { color: LOOK.variance.color, size: 6, clip: false });
    const outwards = (other) => (other ? { anchor: "start", dx: 7 } : { anchor: "end", dx: -7 });
    right.text(best, 7.05, `best ${twoPlaces(best)}`, { ...outwards(best > value), color: LOOK.ink.color });
    right.text(value, 7.05, `V = ${twoPlaces(value)}`, { ...outwards(best <= value), color: LOOK.old.color });
  },
};

FIGURES.dropped_gamma = {
  panels: 2,
  lowest: 260,

  compute({ gamma, delay }) {
    return { gamma, delay: Math.trunc(delay), true: 1 - 2 * gamma ** Math.trunc(delay), dropped: -1 };
  },

  describe(arrows) {
    const slope = toNinePlaces(arrows.true) || 0;
    const relation = slope === 0 ? "the true gradient is zero"
      : slope < 0 ? "the arrows agree" : "the arrows point opposite ways";
    return minus(`γ = ${pyFixed(arrows.gamma, 2)}, second decision at t = ${arrows.delay}: dJ/dp = ${pySigned(slope, 3)}, `
      + `without γᵗ ${pySigned(arrows.dropped, 3)}; ${relation}. Following the second ends at p = 0 with J = 0; `
      + `the best is J = ${pyFixed(Math.max(0, slope), 2)}.`);
  },

  draw(arrows, [left, right]) {
    left.axes({ x: [0, 1], y: [-1.3, 1.7], title: "where each arrow leads", xLabel: "p", yLabel: "return J",
      xTicks: niceTicks(0, 1), yTicks: niceTicks(-1.3, 1.6, 6) });
    left.line([0, 1], [0, arrows.true], LOOK.return);
    // both along the curve; where they agree, the longer one looks out from under the thicker one
    const reach = (slope, far) => 0.5 + far * Math.sign(slope), middle = arrows.true / 2;
    const ends = [reach(arrows.dropped, 0.42), reach(arrows.true, 0.26)];
    left.arrow(0.5, middle, ends[0], arrows.true * ends[0], { color: LOOK.surrogate.color, width: 2.4, head: 10 });
    left.arrow(0.5, middle, ends[1], arrows.true * ends[1], { color: LOOK.return.color, width: 4.4, head: 15 });
    left.dots([0.5], [middle], { color: LOOK.ink.color, size: 4.5 });
    left.text(0.98, 1, "true gradient", { frac: true, dy: 14, color: LOOK.return.color, anchor: "end" });
    left.text(0.98, 1, "γᵗ dropped", { frac: true, dy: 32, color: LOOK.surrogate.color, anchor: "end" });

    right.axes({ x: [-0.03, 1.03], y: [-1.3, 1.6], title: "both slopes against γ", xLabel: "γ", yLabel: "slope",
      xTicks: niceTicks(0, 1), yTicks: niceTicks(-1.3, 1.6, 6) });
    const gamma = linspace(0, 1, 101);
    right.hline(0);
    right.line(gamma, gamma.map((g) => 1 - 2 * g ** arrows.delay), LOOK.return);
    right.line([0, 1], [arrows.dropped, arrows.dropped], LOOK.surrogate);
    right.dots([arrows.gamma], [arrows.true], { color: LOOK.return.color, size: 6, clip: false });
    right.dots([arrows.gamma], [arrows.dropped], { color: LOOK.surrogate.color, size: 5, shape: "s", clip: false });
    right.text(0.03, 1, "dJ/dp", { dy: -16, color: LOOK.return.color });
    right.text(0.03, arrows.dropped, "γᵗ dropped", { dy: -16, color: LOOK.surrogate.color });
  },
};
