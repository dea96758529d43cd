// Lesson 07: the KL ball against two kinds of circle; one Gaussian policy in three coordinate systems.

const ANGLES = linspace(0, 2 * Math.PI, 145);
// Orthonormal directions in the plane where three numbers add up to a constant; action 3 is at the top.
const PLANE = [[-1, 1, 0].map((x) => x / Math.sqrt(2)), [-1, -1, 2].map((x) => x / Math.sqrt(6))];
const DIRECTIONS = ANGLES.map((angle) => range(3).map((k) => Math.cos(angle) * PLANE[0][k] + Math.sin(angle) * PLANE[1][k]));

// The policies with KL(p‖·) = delta, one for each of ANGLES, by bisection along rays.
function klSphere(p, delta) {
  const target = delta + p.reduce((all, x) => all - x * Math.log(x), 0);
  return DIRECTIONS.map((d) => {
    const reach = Math.min(...d.map((x, k) => (x < 0 ? -p[k] / x : Infinity)));
    let low = 0, high = reach * (1 - 1e-12);
    for (let round = 0; round < 45; round++) {
      const r = (low + high) / 2;
      const cross = -p[0] * Math.log(p[0] + r * d[0]) - p[1] * Math.log(p[1] + r * d[1]) - p[2] * Math.log(p[2] + r * d[2]);
      if (cross < target) low = r;
      else high = r;
    }
    return p.map((x, k) => x + low * d[k]);
  });
}

// The balls around the middle, three policies near the corners and three between them, which differ by names alone.
let otherBalls = { delta: NaN, balls: [] };
function ballsOfOthers(delta) {
  if (otherBalls.delta === delta) return otherBalls.balls;
  const renamed = (ball) => range(3).map((turn) => ball.map((q) => q.map((_, k) => q[(k + turn) % 3])));
  const corners = renamed(klSphere([3 / 4, 1 / 8, 1 / 8], delta)), between = renamed(klSphere([4 / 9, 4 / 9, 1 / 9], delta));
  otherBalls = { delta, balls: [klSphere([1 / 3, 1 / 3, 1 / 3], delta), ...corners, ...between] };
  return otherBalls.balls;
}

const inProbabilities = (policy) => PLANE.map((axis) => inner(policy, axis));
// Of centred logits, which the axes make of any; what is no policy becomes NaN.
const inLogits = (policy) => inProbabilities(policy.map((x) => (x > 0 ? Math.log(x) : NaN)));

// The circle with more points where it leaves the triangle, for among the logits it runs to infinity there.
function upToTheEdge(circle) {
  const between = (from, to) => {
    const edge = Math.min(...from.map((x, k) => (to[k] <= 0 ? x / (x - to[k]) : 1)));
    return range(12).map((i) => from.map((x, k) => x + edge * (1 - 10 ** (-(i + 1) / 2)) * (to[k] - x)));
  };
  const inside = circle.map((q) => Math.min(...q) > 0);
  return circle.flatMap((q, i) => {
    if (i + 1 === circle.length || inside[i] === inside[i + 1]) return [q];
    return [q, ...(inside[i] ? between(q, circle[i + 1]) : between(circle[i + 1], q).reverse())];
  });
}

const columnsOf = (points) => range(2).map((k) => points.map((point) => point[k]));

// What the lines are, each with a piece of it, below each other in an upper corner; on the right the pieces come last.
function keyOfLines(panel, entries, onTheRight = false) {
  entries.forEach(([text, look], row) => {
    const y = panel.top + 12 + 18 * row;
    const [turn, x, anchor] = onTheRight ? [-1, panel.right - 6, "end"] : [1, panel.left + 8, "start"];
    const piece = `M${px(x)} ${px(y)}h${26 * turn}`;
    panel.parts.push(`<path d="${piece}" ${panel.stroke({ color: "#FFFFFF", width: 8 })}/>`);
    panel.parts.push(`<path d="${piece}" ${panel.stroke(look)}/>`);
    panel.parts.push(panel.words(x + 33 * turn, y, text, { color: look.color, anchor, halo: 8 }));
  });
}

const timesDelta = (ratio) => (ratio === Infinity ? "infinity, outside the triangle" : `${pyGeneral(ratio, 2)} δ`);

FIGURES.kl_balls = {
  panels: 2,
  ratio: 1.1,
  lowest: 310,
  highest: 440,

  compute({ first, share, log_delta: logDelta }) {
    const policy = [first, (1 - first) * share, (1 - first) * (1 - share)], delta = 10 ** logDelta;
    const circle = DIRECTIONS.map((d) => policy.map((x, k) => x + Math.sqrt((2 * delta) / 3) * d[k]));
    const logitCircle = DIRECTIONS.map((d) => softmaxOf(policy.map((x, k) => Math.log(x) + Math.sqrt(6 * delta) * d[k])));
    return {
      policy, delta, ball: klSphere(policy, delta), circle, logitCircle,
      circleKl: circle.map((q) => (Math.min(...q) > 0 ? klOf(policy, q) : Infinity)),
      logitCircleKl: logitCircle.map((q) => klOf(policy, q)),
    };
  },

  describe({ policy, delta, circleKl, logitCircleKl }) {
    const ends = (kl) => [Math.min(...kl), Math.max(...kl)].map((x) => timesDelta(x / delta));
    const [low, high] = ends(circleKl), [lowLogit, highLogit] = ends(logitCircleKl);
    return `Around the policy (${policy.map((x) => pyFixed(x, 3)).join(", ")}) the solid line is where the KL is `
      + `δ = ${pyGeneral(delta, 3)}. Along the circle in probabilities it runs from ${low} to ${high}, `
      + `along the circle in logits from ${lowLogit} to ${highLogit}.`;
  },

  draw({ policy, delta, ball, circle, logitCircle }, [left, right]) {
    const unit = Math.min((right.width - 46) / 9.2, (right.height - 120) / 8.1); // in pixels, with 58 of them for the key
    left.axes({ x: [-0.9, 0.9], y: [-0.6, 1.0], title: "as probabilities", equal: true, bare: true });
    right.axes({ x: [-4.6, 4.6], y: [-3.8, 4.3 + 58 / unit], title: "as logits", xLabel: "(z₂ − z₁)/√2",
      yLabel: "(2z₃ − z₁ − z₂)/√6", xTicks: [], yTicks: [], equal: true });
    const corners = [[1, 0, 0], [0, 1, 0], [0, 0, 1]].map(inProbabilities);
    for (const [panel, placeOf] of [[left, inProbabilities], [right, inLogits]]) {
      const drawn = (policies) => columnsOf(policies.map(placeOf));
      for (const other of ballsOfOthers(delta)) panel.polygon(...drawn(other), { color: "#DDE5EC", edge: "#FFFFFF" });
      panel.polygon(...drawn(ball), { color: "#B9CFE3" });
      if (panel === left) panel.line(...columnsOf([...corners, corners[0]]), { ...LOOK.muted, width: 1 });
      panel.line(...drawn(ball), LOOK.old);
      panel.line(...drawn(panel === left ? circle : upToTheEdge(circle)), LOOK.new);
      panel.line(...drawn(logitCircle), LOOK.variation);
      panel.dots(...drawn([policy]), { size: 3.5 });
    }
    corners.forEach(([x, y], k) => {
      left.text(x, y, `action ${k + 1}`, { dy: k === 2 ? -14 : 18, color: LOOK.muted.color, anchor: "middle", halo: 8 });
    });
    keyOfLines(right, [
      ["at KL δ", LOOK.old], ["circle in probabilities", LOOK.new], ["circle in logits", LOOK.variation],
    ]);
  },
};

// One Gaussian policy in three coordinate systems: a name, its two functions of (mean, std) and back, and the
// derivatives of the way back.
const SYSTEMS = [
  ["μ, log σ", (m, s) => [m, Math.log(s)], (x, y) => [x, Math.exp(y)], (m, s) => [[1, 0], [0, s]]],
  ["μ, σ", (m, s) => [m, s], (x, y) => [x, y], () => [[1, 0], [0, 1]]],
  ["μ/σ², 1/σ²", (m, s) => [m / s ** 2, s ** -2], (x, y) => [x / y, y ** -0.5],
    (m, s) => [[s ** 2, -m * s ** 2], [0, -(s ** 3) / 2]]],
];
const SYSTEM_LOOKS = [LOOK.old, LOOK.new, LOOK.variation];
const ALONG = linspace(0, 1, 30);

// E exp(−a²/2) for a ~ N(mean, std²), and its derivatives.
const bellReturn = (m, s) => Math.exp(-(m ** 2) / (2 * (1 + s ** 2))) / Math.sqrt(1 + s ** 2);
function bellSlopes(m, s) {
  const spread = 1 + s ** 2, height = bellReturn(m, s);
  return [(-m / spread) * height, (s / spread) * ((m ** 2) / spread - 1) * height];
}

// The path (mean, std) of a step with ½ΔᵀFΔ = delta along the gradient, plain or natural, in each of SYSTEMS.
function gaussianSteps(m, s, delta, natural) {
  const slopes = bellSlopes(m, s), fisher = [1 / s ** 2, 2 / s ** 2]; // in the coordinates (μ, σ), a diagonal
  return SYSTEMS.map(([, there, back, jacobianAt]) => {
    const jacobian = jacobianAt(m, s), start = there(m, s);
    const gradient = range(2).map((k) => slopes[0] * jacobian[0][k] + slopes[1] * jacobian[1][k]);
    const [[a, b], [, c]] = range(2).map((i) => range(2).map((k) =>
      fisher[0] * jacobian[0][i] * jacobian[0][k] + fisher[1] * jacobian[1][i] * jacobian[1][k]));
    const [g, h] = gradient, det = a * c - b * b;
    const [u, v] = natural ? [(c * g - b * h) / det, (a * h - b * g) / det] : gradient;
    const size = Math.sqrt((2 * delta) / (a * u * u + 2 * b * u * v + c * v * v));
    return ALONG.map((t) => back(start[0] + size * u * t, start[1] + size * v * t));
  });
}

// Round heights between the lowest and the highest return in view, about as matplotlib's contour chooses them.
function contourLevels(low, high) {
  const rough = (high - low) / 10, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((factor) => factor * power >= rough) * power;
  const first = Math.ceil(low / step), last = Math.floor(high / step);
  return range(last - first + 1).map((i) => (first + i) * step).filter((level) => level > 0);
}

// Where the return is `level`: m² = −2(1 + s²) log(level √(1 + s²)), from one side over the top to the other. The
// points lie close together at the top, where the line turns back.
const TURNS = linspace(0, Math.PI, 121);
function contourLine(level, lowest, highest) {
  const tip = Math.sqrt(Math.max(0, level ** -2 - 1)), top = Math.min(tip, highest);
  if (top <= lowest) return [];
  return TURNS.map((turn) => {
    const s = lowest + (top - lowest) * Math.sin(turn), spread = 1 + s ** 2;
    const m = Math.sqrt(Math.max(0, -2 * spread * Math.log(level * Math.sqrt(spread))));
    return [Math.cos(turn) < 0 ? m : -m, s];
  });
}

FIGURES.coordinates = {
  panels: 2,
  ratio: 0.84,
  lowest: 300,
  highest: 390,

  compute({ mean: m, std, delta }) {
    return { mean: m, std, delta, plain: gaussianSteps(m, std, delta, false), natural: gaussianSteps(m, std, delta, true) };
  },

  describe(view) {
    const now = bellReturn(view.mean, view.std);
    const gains = (paths) => paths.map((path) => pySigned(bellReturn(...path.at(-1)) - now, 4)).join(", ");
    return `From N(${pyFixed(view.mean, 2)}, ${pyFixed(view.std, 2)}²), steps of ½ΔᵀFΔ = ${pyFixed(view.delta, 3)} `
      + `in the coordinates ${SYSTEMS.map(([name]) => name).join("; ")}. The plain gradients gain ${gains(view.plain)}, `
      + `the natural ones ${gains(view.natural)}.`;
  },

  draw(view, panels) {
    // both axes are in units of the present σ, so that the ellipse is the same for every policy
    const shown = (path) => columnsOf(path.map(([m, s]) => [(m - view.mean) / view.std, (s - view.std) / view.std]));
    const x = [-0.8, 0.8], ticks = [-0.5, 0, 0.5];
    const y = [-0.62, panels[1].width < 400 ? 0.78 : 0.62]; // room for the key above the ellipse
    const heights = linspace(...x, 21).flatMap((a) =>
      linspace(-0.62, 0.62, 21).map((b) => bellReturn(view.mean + view.std * a, view.std * (1 + b))));
    const levels = contourLevels(Math.min(...heights), Math.max(...heights));
    // a little farther than the picture, so that no line ends in it
    const contours = levels.map((level) => shown(contourLine(level, 0.35 * view.std, 1.85 * view.std)));
    const ellipse = [Math.cos, Math.sin].map((f, k) => ANGLES.map((angle) => Math.sqrt((2 - k) * view.delta) * f(angle)));
    [["plain gradient", view.plain], ["natural gradient", view.natural]].forEach(([title, paths], side) => {
      const panel = panels[side];
      panel.axes({ x, y, title, xLabel: "change of μ, in σ", yLabel: "change of σ, in σ", xTicks: ticks, yTicks: ticks,
        grid: false });
      for (const contour of contours) panel.line(...contour, { color: "#A9B1B8", width: 0.9 });
      panel.polygon(...ellipse, LOOK.band);
      paths.forEach((path, k) => panel.line(...shown(path), SYSTEM_LOOKS[k]));
      paths.forEach((path, k) => panel.dots(...shown(path.slice(-1)), { color: SYSTEM_LOOKS[k].color, size: 4.2 }));
      panel.dots([0], [0], { size: 3.5 });
    });
    // the steps lead towards the mean 0: the key stands on the other side
    keyOfLines(panels[1], SYSTEMS.map(([name], k) => [name, SYSTEM_LOOKS[k]]), view.mean > 0);
  },
};
