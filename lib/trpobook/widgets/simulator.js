// The mathematics of the two simulators: trpobook.finite.laboratory again, in float64, on the world of gridworld.js.
// A policy is kept as logits theta[s][a]; returns and promises are in percent of the best policy's return.

const SMALLEST_NORMAL = 2.2250738585072014e-308;
const dot = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0);
const total = (x) => x.reduce((sum, value) => sum + value, 0);

function logSoftmax(logits) {
  const highest = Math.max(...logits);
  const normaliser = Math.log(total(logits.map((value) => Math.exp(value - highest))));
  return logits.map((value) => value - highest - normaliser);
}

function softmax(logits) {
  const highest = Math.max(...logits);
  const weights = logits.map((value) => Math.exp(value - highest));
  const sum = total(weights);
  return weights.map((weight) => weight / sum);
}

// Where a function with a single peak in [low, high] is highest.
function goldenSection(f, low, high, rounds = 40) {
  const golden = (Math.sqrt(5) - 1) / 2;
  let left = high - golden * (high - low), right = low + golden * (high - low);
  let atLeft = f(left), atRight = f(right);
  for (let round = 0; round < rounds; round++) {
    if (atLeft > atRight) {
      [high, right, atRight] = [right, left, atLeft];
      left = high - golden * (high - low);
      atLeft = f(left);
    } else {
      [low, left, atLeft] = [left, right, atRight];
      right = low + golden * (high - low);
      atRight = f(right);
    }
  }
  return (low + high) / 2;
}

// Numbers in [-1, 1), states × actions. Math.imul and >>> 0 keep the generator in exact 32-bit integers.
function lcgUniform(seed, states, actions) {
  let x = seed >>> 0;
  const next = () => {
    x = (Math.imul(1664525, x) + 1013904223) >>> 0;
    return x / 2 ** 31 - 1;
  };
  for (let i = 0; i < 8; i++) next();
  return Array.from({ length: states }, () => Array.from({ length: actions }, next));
}

// The gridworld and the update rules. It holds no state of a run; `settings` come from Python.
function makeLaboratory(settings) {
  const { side, start, moves, gamma, best } = settings, cells = side * side;
  const world = makeGridworld(settings), { live } = world;
  const percent = (value) => (100 * value) / best;
  const policy = (theta) => theta.map(softmax);
  const visitation = (pi) => world.visitation(pi, gamma);
  const advantage = (pi) => world.advantage(pi, gamma);
  const expectedReturn = (pi) => world.value(pi, gamma)[start];

  // Â = A + κ(b − Σ_a π b): the same b in every round, so the error is a bias.
  function estimate(pi, rule) {
    const b = lcgUniform(rule.seed, cells, moves.length);
    return advantage(pi).map((row, s) => {
      const mean = dot(pi[s], b[s]);
      return row.map((A, a) => A + (live[s] ? rule.kappa * (b[s][a] - mean) : 0));
    });
  }

  // The natural gradient as a change of logits: Â itself for tabular logits; with shared features, one weight a row
  // and one a column for each action, B(BᵀFB + ridge·I)⁻¹Bᵀg.
  function direction(pi, guess, rule) {
    if (rule.features === "tabular") return guess;
    const rho = visitation(pi), mass = total(rho), actions = moves.length, size = 2 * side * actions;
    const fisher = Array.from({ length: size }, (_, i) => {
      const row = Array(size).fill(0);
      row[i] = settings.ridge;
      return row;
    });
    const gradient = Array(size).fill(0);
    const blocks = (s) => [Math.floor(s / side) * actions, (side + (s % side)) * actions];
    pi.forEach((row, s) => {
      if (!live[s]) return;
      for (const i of blocks(s)) {
        row.forEach((p, a) => {
          gradient[i + a] += rho[s] * p * guess[s][a];
          for (const j of blocks(s)) {
            row.forEach((q, c) => { fisher[i + a][j + c] += (rho[s] / mass) * p * ((a === c) - q); });
          }
        });
      }
    });
    const step = solve(fisher, gradient);
    return pi.map((row, s) => row.map((_, a) => total(blocks(s).map((i) => step[i + a]))));
  }

  // What a step of size α from theta along x promises, and how far it is; `x` and `guess` are kept with it.
  function ahead(theta, rule) {
    const pi = policy(theta), old = theta.map(logSoftmax), rho = visitation(pi), mass = total(rho);
    const guess = estimate(pi, rule), x = direction(pi, guess, rule);
    const moved = (alpha) => theta.map((row, s) => row.map((value, a) => value + alpha * x[s][a]));
    function attempt(alpha) {
      const now = moved(alpha).map(logSoftmax);
      const gain = total(now.map((row, s) => rho[s] * dot(row.map(Math.exp), guess[s])));
      const kl = now.map((row, s) => (live[s] ? total(row.map((log, a) => pi[s][a] * (old[s][a] - log))) : 0));
      return { gain, meanKl: dot(rho, kl) / mass, maxKl: Math.max(...kl) };
    }
    function variance(s) {
      const mean = dot(pi[s], x[s]);
      return total(pi[s].map((p, a) => p * (x[s][a] - mean) ** 2));
    }
    const curvature = () => total(pi.map((_, s) => rho[s] * variance(s))) / mass;
    return { pi, guess, attempt, moved, curvature };
  }

  // √(2δ/curvature), halved until the mean KL is at most δ and the promised gain above 0; 0 if that never comes.
  function trusted(line, delta) {
    let alpha = Math.sqrt((2 * delta) / Math.max(line.curvature(), SMALLEST_NORMAL));
    for (let backtracks = 0; backtracks < settings.mostHalvings; backtracks++) {
      const { gain, meanKl } = line.attempt(alpha);
      if (meanKl <= delta && gain > 0) return { alpha, backtracks };
      alpha /= 2;
    }
    return { alpha: 0, backtracks: settings.mostHalvings };
  }

  function penalised(line) {
    const largest = Math.max(...line.guess.flat().map(Math.abs));
    const constant = (4 * largest * gamma) / (1 - gamma) ** 2;
    const objective = (alpha) => {
      const { gain, maxKl } = line.attempt(alpha);
      return gain - constant * maxKl;
    };
    return { alpha: goldenSection(objective, 0, settings.longestPenalisedStep), backtracks: 0 };
  }

  // One round of the rule from theta.
  function step(theta, rule) {
    const line = ahead(theta, rule);
    const rules = {
      trust: () => trusted(line, rule.delta),
      none: () => ({ alpha: rule.alpha, backtracks: 0 }),
      penalty: () => penalised(line),
    };
    const { alpha, backtracks } = rules[rule.update]();
    const { gain, meanKl, maxKl } = line.attempt(alpha);
    const next = line.moved(alpha).map((row) => {
      const mean = total(row) / row.length;
      return row.map((value) => value - mean);
    });
    const J = expectedReturn(line.pi), before = percent(J), after = percent(expectedReturn(policy(next)));
    const overshot = before - after > settings.fall;
    return { theta: next, before, promised: percent(J + gain), after, meanKl, maxKl, backtracks, overshot, rule };
  }

  // The truth, the promise and the mean KL at a step of size alpha along the rule's direction.
  function line(theta, rule) {
    const { pi, attempt, moved } = ahead(theta, rule), J = expectedReturn(pi);
    return (alpha) => {
      const { gain, meanKl } = attempt(alpha);
      return { kl: meanKl, true: percent(expectedReturn(policy(moved(alpha)))), promised: percent(J + gain) };
    };
  }

  const uniform = () => live.map(() => moves.map(() => 0));
  return { cells, live, policy, advantage, estimate, visitation, expectedReturn, percent, uniform, step, line };
}

// The two-step cliff: KL, true gain and promised gain at p, from p₀ = start; both states share one logit.
function cliffLine({ start, reward, cost }) {
  const log = (p, q) => (p === 0 ? 0 : p * Math.log(p / q));
  return (p) => {
    const promised = (p - start) * (reward - 2 * cost * start);
    return {
      kl: log(start, p) + log(1 - start, 1 - p),
      true: promised - cost * (p - start) ** 2,
      promised,
    };
  };
}

// The furthest x in [low, high] where kl(x) ≤ delta, for a kl that rises.
function trustRegionEdge(line, delta, low, high) {
  for (let round = 0; round < 60; round++) {
    const middle = (low + high) / 2;
    if (line(middle).kl < delta) low = middle;
    else high = middle;
  }
  return low;
}
