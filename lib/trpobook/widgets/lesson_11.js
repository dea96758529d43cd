// Lesson 11: branches on the gridworld, and how noisy the gradient is that they give.

const { side: SIDE, start: START, goal: GOAL, trap: TRAP } = GRIDWORLD, WORLD = makeGridworld(GRIDWORLD);
const { live: LIVE, target: AHEAD, reward: REWARD } = WORLD, FROM = 15, DISCOUNT = 0.95, MOST = 8, LONGEST = 40;
const CELLS = range(SIDE * SIDE), ACTIONS = range(4), COUNTS = range(MOST - 1).map((i) => i + 2);

// One exact trust-region round along the advantage: the natural gradient of tabular logits.
function trustRound(theta, delta) {
  const pi = theta.map(softmaxOf), advantage = WORLD.advantage(pi, DISCOUNT), visits = WORLD.visitation(pi, DISCOUNT), d = shares(visits);
  const variance = (s) => inner(pi[s], advantage[s].map((x) => (x - inner(pi[s], advantage[s])) ** 2));
  let alpha = Math.sqrt((2 * delta) / inner(d, CELLS.map(variance)));
  for (;;) {
    const moved = theta.map((row, s) => row.map((z, a) => z + alpha * advantage[s][a])), next = moved.map(softmaxOf);
    const gain = inner(visits, CELLS.map((s) => inner(next[s], advantage[s])));
    if (gain > 0 && inner(d, CELLS.map((s) => (LIVE[s] ? klOf(pi[s], next[s]) : 0))) <= delta) return moved;
    alpha /= 2;
  }
}

const shares = (xs) => xs.map((x) => x / sum(xs));

// The policy after two rounds, and what does not depend on a slider; made when first asked for.
let halfTrained;
function halfTrainedWorld() {
  if (halfTrained) return halfTrained;
  const theta = trustRound(trustRound(CELLS.map(() => ACTIONS.map(() => 0)), 0.02), 0.02);
  const pi = theta.map(softmaxOf), visits = WORLD.visitation(pi, DISCOUNT), advantage = WORLD.advantage(pi, DISCOUNT);
  const truth = CELLS.map((s) => ACTIONS.map((a) => visits[s] * pi[s][a] * advantage[s][a]));
  halfTrained = { pi, visits, d: shares(visits), truth, moments: branchMoments(pi), spreads: {} };
  halfTrained.single = singleSpread(halfTrained);
  return halfTrained;
}

// For horizons 1 to LONGEST: mean q[s][a] of a branch, and covariance[s][a][b] of two that share their noise.
// E[G_h(s) G_h(t)] follows from h − 1 by the joint law of the next two actions, the overlap of their intervals.
function branchMoments(pi) {
  const n = CELLS.length, top = pi.map((row) => row.map((_, a) => sum(row.slice(0, a + 1)))), joint = [], kept = [];
  for (const s of CELLS) for (const t of CELLS) for (const a of ACTIONS) for (const b of ACTIONS) {
    const chance = Math.min(top[s][a], top[t][b]) - Math.max(top[s][a] - pi[s][a], top[t][b] - pi[t][b]);
    if (chance > 0) joint.push({ s, t, a, b, chance, here: s * n + t, there: AHEAD[s][a] * n + AHEAD[t][b] });
  }
  let value = CELLS.map(() => 0), product = new Float64Array(n * n);
  while (kept.length < LONGEST) {
    const later = CELLS.map((s) => ACTIONS.map((a) => DISCOUNT * value[AHEAD[s][a]]));
    const q = later.map((row, s) => row.map((x, a) => REWARD[s][a] + x)), next = new Float64Array(n * n);
    // (r + γG)(r' + γG'), summed out: q q' less the product of the two means of the future, plus its true mean
    const apart = (s, t, a, b, there) => DISCOUNT ** 2 * product[there] - later[s][a] * later[t][b];
    const covariance = CELLS.map((s) => AHEAD[s].map((to, a) => AHEAD[s].map((other, b) => apart(s, s, a, b, to * n + other))));
    kept.push({ q, covariance });
    for (const { s, t, a, b, chance, here, there } of joint) {
      next[here] += chance * (q[s][a] * q[t][b] + apart(s, t, a, b, there));
    }
    [value, product] = [CELLS.map((s) => inner(pi[s], q[s])), next];
  }
  return kept;
}

// ⟨∇log π(a), ∇log π(b)⟩ at one state, for tabular logits.
const gramOf = (p) => ACTIONS.map((a) => ACTIONS.map((b) => (a === b) - p[a] - p[b] + inner(p, p)));

// The variance of (Q̂ − V) ∇log π(a|s) for one state, one action and one return of 400 steps, summed over the logits.
function singleSpread({ pi, d }) {
  let value = CELLS.map(() => 0), square = value, q, squares;
  for (let t = 0; t < 400; t++) {
    const later = CELLS.map((s) => AHEAD[s].map((to) => DISCOUNT * value[to]));
    q = CELLS.map((s) => REWARD[s].map((r, a) => r + later[s][a]));
    squares = CELLS.map((s) => REWARD[s].map((r, a) => r * r + 2 * r * later[s][a] + DISCOUNT ** 2 * square[AHEAD[s][a]]));
    [value, square] = [q, squares].map((xs) => xs.map((row, s) => inner(pi[s], row)));
  }
  return sum(CELLS.map((s) => {
    const p = pi[s], gram = gramOf(p), off = ACTIONS.map((a) => q[s][a] - value[s]);
    const spread = ACTIONS.map((a) => (squares[s][a] - q[s][a] ** 2 + off[a] ** 2) * gram[a][a]);
    return d[s] * inner(p, spread) - sum(ACTIONS.map((a) => (d[s] * p[a] * off[a]) ** 2));
  }));
}

// The variance of the vine's gradient at one state, K branches each, for each of COUNTS. The estimate is a U-statistic of
// pairs ½(Q_k − Q_l)(∇_k − ∇_l): its second moment goes by how many branches two pairs have in common.
function vineSpreads({ pi, d }, { q, covariance }, common) {
  let [both, one, none, squares, between] = [0, 0, 0, 0, 0];
  for (const s of CELLS) {
    const p = pi[s], gram = gramOf(p), centre = inner(p, q[s]);
    const square = sum(ACTIONS.map((a) => (p[a] * (q[s][a] - centre)) ** 2));
    const second = ACTIONS.map((a) => ACTIONS.map((b) => q[s][a] * q[s][b] + (common ? covariance[s][a][b] : 0)));
    const lone = ACTIONS.map((a) => covariance[s][a][a] + q[s][a] ** 2), length = ACTIONS.map((a) => gram[a][a]);
    const around = (own, cross, a, b, c) => own[a] - cross[a][b] - cross[a][c] + cross[b][c];
    squares += d[s] * square;
    between += d[s] * square - d[s] ** 2 * square;
    for (const a of ACTIONS) for (const b of ACTIONS) {
      const weight = d[s] * p[a] * p[b];
      both += (weight * (lone[a] + lone[b] - 2 * second[a][b]) * (length[a] + length[b] - 2 * gram[a][b])) / 4;
      none += weight * second[a][b] * gram[a][b];
      for (const c of ACTIONS) one += (weight * p[c] * around(lone, second, a, b, c) * around(length, gram, a, b, c)) / 4;
    }
  }
  return COUNTS.map((k) => {
    const second = both + 2 * (k - 2) * one + (((k - 2) * (k - 3)) / 2) * none;
    return between + second / ((k * (k - 1)) / 2) - squares;
  });
}

// Mean number of calls of a branch from a state that the policy visits.
function meanLength({ pi, d }, horizon) {
  let length = CELLS.map(() => 0);
  for (let t = 0; t < horizon; t++) {
    length = CELLS.map((s) => (LIVE[s] ? inner(pi[s], AHEAD[s].map((to) => 1 + length[to])) : 0));
  }
  return inner(d, length);
}

// Over a single path's variance: for as many returns, and for as many calls.
function spreadsOver(horizon, common) {
  const world = halfTrainedWorld(), key = `${horizon} ${common}`;
  return world.spreads[key] ??= (() => {
    const spreads = vineSpreads(world, world.moments[horizon - 1], common), length = meanLength(world, horizon);
    return {
      perAnswer: COUNTS.map((k, i) => (k * spreads[i]) / world.single),
      perCall: COUNTS.map((k, i) => ((1 + k * length) * spreads[i]) / world.single),
    };
  })();
}

function cosineOfCut(horizon) {
  const { pi, visits, truth, moments } = halfTrainedWorld(), { q } = moments[horizon - 1];
  const cut = CELLS.flatMap((s) => ACTIONS.map((a) => visits[s] * pi[s][a] * (q[s][a] - inner(pi[s], q[s]))));
  const along = truth.flat();
  return inner(cut, along) / Math.sqrt(inner(cut, cut)) / Math.sqrt(inner(along, along));
}

FIGURES.vine = {
  panels: 2,
  lowest: 280,

  compute({ branches, horizon, common }, data) {
    const walks = data[common ? "common" : "own"].slice(0, branches), { perAnswer, perCall } = spreadsOver(horizon, common);
    const ended = walks.map((walk) => walk.findIndex((s) => !LIVE[s]));
    return {
      branches, horizon, common, paths: walks.map((walk) => walk.slice(0, horizon + 1)),
      steps: ended.map((end) => Math.min(end < 0 ? LONGEST : end, horizon)), first: data.first.slice(0, branches),
      perAnswer, perCall, other: spreadsOver(horizon, !common).perAnswer, cosine: cosineOfCut(horizon),
    };
  },

  describe(vines) {
    const here = vines.branches - COUNTS[0];
    const noise = vines.common ? "the same noise for all" : "noise of their own";
    return `${vines.branches} branches of at most ${vines.horizon} steps with ${noise}: ${sum(vines.steps)} calls. `
      + `Over all states that the policy visits, the gradient's variance is ${pyFixed(vines.perAnswer[here], 2)} times a `
      + `single path's at equal numbers of returns, and ${pyFixed(vines.perCall[here], 1)} times at equal numbers of calls `
      + "(the single path has the exact V as its baseline). With branches cut there the mean gradient has a cosine of "
      + `${pyFixed(vines.cosine, 2)} with the true one.`;
  },

  draw(vines, [grid, spread]) {
    grid.axes({ x: [-0.5, 4.5], y: [4.95, -0.5], equal: true, bare: true, title: "branches from the square" });
    for (const s of CELLS) {
      const row = Math.floor(s / SIDE), column = s % SIDE;
      grid.cell(column - 0.5, row - 0.5, column + 0.5, row + 0.5, { color: "#FFFFFF" });
    }
    // the goal's words stand a little higher, for walks come in from below
    for (const [cell, name, pay, lift] of [[GOAL, "goal", "+1", 5], [TRAP, "trap", "−1", 0]]) {
      const place = [cell % SIDE, Math.floor(cell / SIDE)];
      grid.text(...place, name, { anchor: "middle", dy: -7.5 - lift });
      grid.text(...place, pay, { anchor: "middle", dy: 7.5 - lift });
    }
    grid.text(START % SIDE, 4.5, "start", { anchor: "middle", dy: 10 });
    const looks = [LOOK.old, LOOK.new, LOOK.return, LOOK.surrogate]; // by first action
    vines.paths.forEach((path, k) => {
      const places = path.slice(0, vines.steps[k] + 1).map((s) => [s % SIDE, Math.floor(s / SIDE)]), end = places.length - 1;
      // a walk into goal or trap stops at the edge of that cell, for its name stands there
      if (!LIVE[path[end]]) places[end] = places[end].map((z, i) => places[end - 1][i] + 0.55 * (z - places[end - 1][i]));
      const aside = 0.07 * (k - (vines.branches - 1) / 2);
      const [xs, ys] = [0, 1].map((i) => places.map((place) => place[i] + aside));
      grid.line(xs, ys, { ...looks[vines.first[k]], width: 1.8 });
      grid.dots([xs[end]], [ys[end]], { color: looks[vines.first[k]].color, size: 3.5 });
    });
    grid.dots([FROM % SIDE], [Math.floor(FROM / SIDE)], { shape: "s", size: 5.5 });

    spread.axes({ x: [1.7, MOST + 0.3], y: [-1.2, 2], title: "variance, over a single path's", xLabel: "branches K",
      xTicks: COUNTS, yTicks: powersOfTen(-1, 2) });
    spread.hline(0, { ...LOOK.return, width: 1.5 });
    spread.line(COUNTS, vines.other.map(Math.log10), { ...LOOK.muted, width: 1.2, dash: "2 3" });
    for (const [values, look] of [[vines.perCall, LOOK.new], [vines.perAnswer, LOOK.old]]) {
      const heights = values.map(Math.log10);
      spread.line(COUNTS, heights, look);
      spread.dots([vines.branches], [heights[vines.branches - COUNTS[0]]], { color: look.color, size: 6 });
    }
    const narrow = spread.right - spread.left < 260, below = Math.log10(Math.min(1, ...vines.perAnswer, ...vines.other));
    const other = vines.common ? "noise of their own" : "common noise", end = { anchor: "end" };
    const above = Math.log10(Math.max(1, ...vines.perCall.slice(-3)));
    spread.text(MOST, above, "vine, equal calls", { ...end, color: LOOK.new.color, dy: -17 });
    spread.text(2, below, "single path: 1", { color: LOOK.return.color, dy: 15 });
    spread.text(MOST, below, narrow ? "equal returns" : "vine, equal returns", { ...end, color: LOOK.old.color, dy: 15 });
    spread.text(MOST, below, `the same, ${other}`, { ...end, color: LOOK.muted.color, dy: 31 });
  },
};
