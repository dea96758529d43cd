// Lesson 01: two distributions and their divergences; the rare action at a fixed KL.

const pinskerBound = (kl) => Math.sqrt(kl / 2);
const bretagnolleHuberBound = (kl) => Math.sqrt(-Math.expm1(-kl));

FIGURES.two_distributions = {
  panels: 2,

  compute({ old, new: next }) {
    const p = [old, 1 - old], q = [next, 1 - next];
    return { old: p, new: q, klOldNew: klOf(p, q), klNewOld: klOf(q, p), tv: totalVariationOf(p, q) };
  },

  describe(pair) {
    const kl = pair.klOldNew, pinsker = pinskerBound(kl), huber = bretagnolleHuberBound(kl);
    const [sharper, bound] = huber < pinsker ? ["Bretagnolle–Huber", huber] : ["Pinsker", pinsker];
    return `The old policy goes left with probability ${pyFixed(pair.old[0], 2)}, the new one with ${pyFixed(pair.new[0], 2)}. `
      + `KL(old‖new) = ${pyFixed(kl, 3)} nats, KL(new‖old) = ${pyFixed(pair.klNewOld, 3)} nats. `
      + `Total variation ${pyFixed(pair.tv, 2)}; ${sharper} allows at most ${pyFixed(bound, 2)}.`;
  },

  draw(pair, [left, right]) {
    left.axes({ x: [-0.6, 1.6], y: [0, 1.18], title: "two policies", yLabel: "probability",
      xTicks: [[0, "left"], [1, "right"]], yTicks: [0, 0.2, 0.4, 0.6, 0.8, 1] });
    left.bars([-0.2, 0.8], pair.old, { color: LOOK.old.color, width: 0.38 });
    left.bars([0.2, 1.2], pair.new, { color: LOOK.new.color, width: 0.38, hollow: true });
    left.text(0.3, 0.95, "■ old p", { frac: true, color: LOOK.old.color, anchor: "middle" });
    left.text(0.7, 0.95, "▨ new q", { frac: true, color: LOOK.new.color, anchor: "middle" });

    const kl = linspace(0, 4.7, 200), pinsker = kl.map(pinskerBound), huber = kl.map(bretagnolleHuberBound);
    right.axes({ x: [0, 4.7], y: [0, 1.3], title: "how far apart", xLabel: "KL (nats)", yLabel: "total variation",
      xTicks: [0, 1, 2, 3, 4], yTicks: [0, 0.25, 0.5, 0.75, 1] });
    right.area(kl, kl.map((_, i) => Math.min(pinsker[i], huber[i])), kl.map(() => 1.3), { color: "#F1F2F3", opacity: 1 });
    right.line(kl, pinsker, LOOK.bound);
    right.line(kl, huber, { ...LOOK.muted, dash: "9 3 2 3" });
    right.text(2.9, pinskerBound(2.9), "Pinsker", { dx: 6, dy: 8 });
    right.text(4.65, 0.94, "Bretagnolle–Huber", { color: LOOK.muted.color, anchor: "end", dy: 6 });
    right.text(0.1, 1.22, "impossible", { color: LOOK.muted.color });
    right.line([pair.klOldNew, pair.klNewOld], [pair.tv, pair.tv], { ...LOOK.faint, width: 1.2 });
    right.dots([pair.klOldNew], [pair.tv], { color: LOOK.forward.color, size: 5 });
    right.dots([pair.klNewOld], [pair.tv], { color: LOOK.backward.color, size: 4.5, shape: "s", hollow: true });
    right.text(0.99, 0.16, "●  KL(old‖new)", { frac: true, color: LOOK.forward.color, anchor: "end" });
    right.text(0.99, 0.06, "□  KL(new‖old)", { frac: true, color: LOOK.backward.color, anchor: "end" });
  },
};

// p' > p with divergence((p, 1−p), (p', 1−p')) = delta, by bisection.
function raisedProbability(p, divergence, delta) {
  let low = p, high = 1 - 1e-12;
  for (let round = 0; round < 80; round++) {
    const middle = (low + high) / 2;
    if (divergence([p, 1 - p], [middle, 1 - middle]) <= delta) low = middle;
    else high = middle;
  }
  return low;
}

const RARE_DELTA = 0.01;
const RARE_GRID = logspace(-6, -0.1, 66);
const RARE_RAISED = RARE_GRID.map((p) => raisedProbability(p, klOf, RARE_DELTA));
const RARE_REVERSE = RARE_GRID.map((p) => raisedProbability(p, (a, b) => klOf(b, a), RARE_DELTA));
const chiOfRaised = (p, raised) => chiSquaredOf([raised, 1 - raised], [p, 1 - p]);

FIGURES.rare_action = {
  panels: 2,

  compute({ log_old: logOld }) {
    const old = 10 ** logOld, raised = raisedProbability(old, klOf, RARE_DELTA);
    return {
      old, new: raised, ratio: raised / old, variance: chiOfRaised(old, raised), grid: RARE_GRID,
      ratios: RARE_GRID.map((p, i) => RARE_RAISED[i] / p),
      variances: RARE_GRID.map((p, i) => chiOfRaised(p, RARE_RAISED[i])),
      variancesReverse: RARE_GRID.map((p, i) => chiOfRaised(p, RARE_REVERSE[i])),
    };
  },

  describe(rare) {
    return `An action of probability ${positional(rare.old, 3)} may be raised to ${positional(rare.new, 3)} at KL(old‖new) = 0.01: `
      + `its ratio is ${pyGeneral(rare.ratio, 4)}, and the variance of the ratio over all actions ${pyGeneral(rare.variance, 3)} `
      + "(twice the KL is 0.02).";
  },

  draw(rare, [left, right]) {
    const x = rare.grid.map(Math.log10), here = Math.log10(rare.old);
    const shared = { x: [-6.2, 0.05], xLabel: "old probability of the action", xTicks: powersOfTen(-6, 0) };
    left.axes({ ...shared, y: [-0.4, 4.5], title: "the ratio", yLabel: "ratio  new / old", yTicks: powersOfTen(0, 4) });
    left.band({ y: [Math.log10(0.8), Math.log10(1.2)] });
    left.hline(0);
    left.line(x, rare.ratios.map(Math.log10), LOOK.forward);
    left.dots([here], [Math.log10(rare.ratio)], { color: LOOK.forward.color, size: 6 });
    left.text(-6.1, -0.25, "grey: PPO's band, 0.8 to 1.2", { color: LOOK.muted.color });

    right.axes({ ...shared, y: [-2.4, 2.6], title: "its variance", yLabel: "variance of the ratio,  χ²", yTicks: powersOfTen(-2, 2) });
    right.line(x, rare.variances.map(Math.log10), LOOK.forward);
    right.line(x, rare.variancesReverse.map(Math.log10), LOOK.backward);
    right.hline(Math.log10(0.02), LOOK.bound);
    right.dots([here], [Math.log10(rare.variance)], { color: LOOK.forward.color, size: 6 });
    right.text(-5.4, 1.4, "KL(old‖new) = 0.01", { color: LOOK.forward.color, dx: 12, dy: -4 });
    right.text(-6.1, -1.42, "KL(new‖old) = 0.01", { color: LOOK.backward.color });
    right.text(-6.1, Math.log10(0.02), "2 KL: what KL ≈ ½χ² suggests", { dy: 12 });
  },
};
