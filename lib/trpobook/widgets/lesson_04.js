// Lesson 04: what is left of a thousand episodes when their ratios are multiplied.

const EPISODES = 1000, LONGEST = 500, BLOCK = 10;
const HORIZONS = range(LONGEST / BLOCK).map((i) => BLOCK * (i + 1));

// The numbers in [0, 1) of NumPy's default_rng().random(n, dtype=float32), times 2²⁴. Its generator, PCG64, multiplies
// and adds modulo 2¹²⁸; here in eight digits of 16 bits, the lowest first, whose products a float holds exactly.
const PCG_FACTOR = [0xf645, 0x9fcc, 0xdf64, 0x4385, 0x5da4, 0x1fc6, 0xed05, 0x2360];
function singlePrecision({ state, increment }, n) {
  const numbers = new Int32Array(n), digits = Float64Array.from(state), next = new Float64Array(8);
  const half = (k) => (digits[k] ^ digits[k + 4]) | ((digits[k + 1] ^ digits[k + 5]) << 16);
  for (let i = 0; i < n; i += 2) {
    for (let k = 0, carry = 0; k < 8; k++) {
      let all = carry + increment[k];
      for (let j = 0; j <= k; j++) all += digits[j] * PCG_FACTOR[k - j];
      carry = Math.floor(all / 65536);
      next[k] = all - 65536 * carry;
    }
    digits.set(next);
    // the state's halves, xor, turned to the right by its six highest bits
    const turn = digits[7] >>> 10, rest = turn % 32, first = half(turn < 32 ? 0 : 2), second = half(turn < 32 ? 2 : 0);
    numbers[i] = (rest ? (first >>> rest) | (second << (32 - rest)) : first) >>> 8;
    numbers[i + 1] = (rest ? (second >>> rest) | (first << (32 - rest)) : second) >>> 8;
  }
  return numbers;
}

// For each horizon, [lefts, how many of the episodes went left so often], from the most lefts down. What was drawn is
// kept, and the tallies of the last policy.
const tallied = { chances: null, old: NaN, tallies: [] };
function talliesOf(old, generator) {
  if (tallied.old === old) return tallied.tallies;
  const chances = (tallied.chances ??= singlePrecision(generator, EPISODES * LONGEST));
  const limit = Math.ceil(Math.fround(old) * 2 ** 24), counts = HORIZONS.map((steps) => new Int32Array(steps + 1));
  for (let episode = 0, place = 0; episode < EPISODES; episode++) {
    for (let block = 0, lefts = 0; block < counts.length; block++) {
      for (let step = 0; step < BLOCK; step++) lefts += (chances[place++] - limit) >>> 31; // 1 where it is below
      counts[block][lefts]++;
    }
  }
  const tally = (each) => [...each.entries()].filter(([, episodes]) => episodes).reverse();
  return Object.assign(tallied, { old, tallies: counts.map(tally) }).tallies;
}

// new > old with KL((old, 1 − old)‖(new, 1 − new)) = kl, by bisection.
function leftRaised(old, kl) {
  let low = old, high = 1 - 1e-12;
  for (let round = 0; round < 50; round++) {
    const middle = (low + high) / 2;
    if (klOf([old, 1 - old], [middle, 1 - middle]) <= kl) low = middle;
    else high = middle;
  }
  return low;
}

// [weight, how many episodes have it], from the heaviest down, whose weight is put to 1: it went left most often.
function weightsAt(tally, logLeft, logRight) {
  const most = tally[0][0];
  return tally.map(([lefts, episodes]) => [Math.exp((lefts - most) * (logLeft - logRight)), episodes]);
}

function effectiveSize(weights) {
  let all = 0, squares = 0;
  for (const [weight, episodes] of weights) {
    all += episodes * weight;
    squares += episodes * weight * weight;
  }
  return all ** 2 / squares;
}

FIGURES.episode_weights = {
  panels: 2,

  compute({ log_old: logOld, kl, horizon }, generator) {
    const old = Math.min(10 ** logOld, 0.5), raised = leftRaised(old, kl);
    const chi = raised ** 2 / old + (1 - raised) ** 2 / (1 - old) - 1;
    const logs = [Math.log(raised / old), Math.log((1 - raised) / (1 - old))];
    const weights = talliesOf(old, generator).map((tally) => weightsAt(tally, ...logs));
    const here = Math.round(horizon / BLOCK) - 1, shares = [];
    let carried = 0;
    for (const [weight, episodes] of weights[here]) {
      for (let i = 0; i < episodes; i++) shares.push(carried += weight);
    }
    return {
      old, new: raised, kl, chiSquared: chi, horizon: HORIZONS[here],
      exact: HORIZONS.map((steps) => -steps * Math.log10(1 + chi)),
      measured: weights.map((each) => Math.log10(effectiveSize(each) / EPISODES)),
      shares: shares.map((share) => share / carried),
    };
  },

  describe(weights) {
    const here = HORIZONS.indexOf(weights.horizon), exact = EPISODES * 10 ** weights.exact[here];
    return `In every state left goes from ${pyGeneral(weights.old, 3)} to ${pyGeneral(weights.new, 3)}: `
      + `KL(old‖new) = ${pyGeneral(weights.kl, 3)} nats and χ² = ${pyGeneral(weights.chiSquared, 3)} a step. `
      + `After ${weights.horizon} steps 1000 episodes count as ${exact > 1e-3 ? pyGeneral(exact, 3) : "less than 0.001"} `
      + `by the exact formula, as ${pyGeneral(EPISODES * 10 ** weights.measured[here], 3)} by their own weights; `
      + `the heaviest carries ${pyPercent(weights.shares[0], 1)} of all weight. `
      + `With one ratio per state 1000 samples count as ${pyFixed(EPISODES / (1 + weights.chiSquared), 0)}, however long.`;
  },

  draw(weights, [left, right]) {
    const here = HORIZONS.indexOf(weights.horizon), { old, bound, muted } = LOOK, measured = LOOK.new;
    left.axes({ x: [0, LONGEST + 10], y: [-6.2, 0.95], title: "what is left of 1000", xLabel: "steps of an episode",
      yLabel: "share that is left", xTicks: [0, 100, 200, 300, 400, 500], yTicks: powersOfTen(-6, 0) });
    left.line([BLOCK, LONGEST], range(2).map(() => -Math.log10(1 + weights.chiSquared)), old);
    left.line(HORIZONS, weights.measured, measured);
    left.line(HORIZONS, weights.exact, bound);
    left.dots([weights.horizon], [weights.measured[here]], { color: measured.color, size: 6, clip: false });
    const wide = left.right - left.left > 340;
    left.text(8, 0.5, wide ? "one ratio per state" : "per state", { color: old.color });
    left.text(0.57 * LONGEST, 0.5, wide ? "episodes, measured" : "measured",
      { color: measured.color, anchor: "middle" });
    left.text(LONGEST, 0.5, "exact", { color: bound.color, anchor: "end" });

    const count = range(EPISODES).map((i) => i + 1), places = count.map(Math.log10);
    right.axes({ x: [-0.08, 3.05], y: [0, 1.03], title: "share of all weight", xLabel: "in the heaviest … episodes",
      xTicks: powersOfTen(0, 3), yTicks: [0, 0.2, 0.4, 0.6, 0.8, 1] });
    right.line(places, weights.shares, measured);
    right.line(places, count.map((n) => n / EPISODES), { ...muted, width: 1.2 });
    right.dots([0], [weights.shares[0]], { color: measured.color, size: 6, clip: false });
    right.text(3.03, 0.06, "all equal", { color: muted.color, anchor: "end" });
  },
};
