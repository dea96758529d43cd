// Lesson 08: two ways down a bowl, conjugate gradients as polynomials, a policy detached or not.

const RELATIVE_SMALLEST = 1e-12; // relative errors below this are rounding, and drawn at this height
const RELATIVE_ROUNDING = 1e-10; // relative errors up to this are called rounding in the sentences

// All of the lesson's systems are Fx = g with a diagonal F, given as the list of its eigenvalues.
const timesDiagonal = (eigenvalues, v) => v.map((x, i) => eigenvalues[i] * x);
const along = (xs, step, ys) => xs.map((x, i) => x + step * ys[i]);
const isRounding = (r, g) => Math.sqrt(inner(r, r)) <= RELATIVE_SMALLEST * Math.sqrt(inner(g, g));

// The points of steepest descent, or of conjugate gradients, on ½xᵀFx − gᵀx from 0.
function descend(eigenvalues, g, steps, conjugate) {
  let x = g.map(() => 0), r = g, p = g;
  const points = [x];
  for (let step = 0; step < steps; step++) {
    if (!isRounding(r, g)) {
      const product = timesDiagonal(eigenvalues, p), length = inner(r, p) / inner(p, product);
      const next = along(r, -length, product);
      x = along(x, length, p);
      p = conjugate ? along(next, inner(next, next) / inner(r, r), p) : next;
      r = next;
    }
    points.push(x);
  }
  return points;
}

// ‖x − x*‖/‖x*‖ for each of the points, as F measures lengths.
function relativeError(eigenvalues, g, points) {
  const solution = g.map((x, i) => x / eigenvalues[i]), square = (v) => inner(v, timesDiagonal(eigenvalues, v));
  return points.map((x) => Math.max(Math.sqrt(square(along(x, -1, solution)) / square(solution)), RELATIVE_SMALLEST));
}

// Axes of log₁₀ of an error, which leave room for two lines of words above 1, however low the panel is.
function errorAxes(panel, x, xLabel, xTicks) {
  const above = 52, low = -12.6, height = panel.height - 78;
  panel.axes({ x, y: [low, (-low * above) / (height - above)], title: "error, relative", xLabel, xTicks,
    yTicks: powersOfTen(-12, 0, 3) });
}

const errorWords = (panel, row, text, color) =>
  panel.text(0.98, 1, text, { frac: true, color, anchor: "end", dy: 11 + 18 * row });

const BOWL_STEPS = 20;

FIGURES.bowl = {
  panels: 2,
  ratio: 0.86,
  lowest: 250,

  compute({ condition, angle }) {
    const turn = angle * (Math.PI / 180), bottom = [Math.cos(turn), Math.sin(turn)], eigenvalues = [1, condition];
    const g = timesDiagonal(eigenvalues, bottom);
    const steepest = descend(eigenvalues, g, BOWL_STEPS, false), conjugate = descend(eigenvalues, g, BOWL_STEPS, true);
    return {
      condition, bottom, steepest, conjugate, steepestError: relativeError(eigenvalues, g, steepest),
      conjugateError: relativeError(eigenvalues, g, conjugate),
    };
  },

  describe({ condition, steepestError, conjugateError }) {
    const second = steepestError[2], last = steepestError[BOWL_STEPS];
    const start = `Condition number ${pyGeneral(condition, 3)}. After two products with F, conjugate gradients `
      + `${conjugateError[2] <= RELATIVE_ROUNDING ? "are" : "are not"} at the bottom`;
    if (second <= RELATIVE_ROUNDING) return `${start}, and so is steepest descent.`;
    const end = last <= RELATIVE_ROUNDING ? "only rounding" : `${pyGeneral(100 * last, 2)} %`;
    return `${start} and steepest descent still has ${pyGeneral(100 * second, 3)} % of its error; `
      + `after ${BOWL_STEPS} it has ${end}.`;
  },

  draw(bowl, [left, right]) {
    left.axes({ x: [-0.55, 1.55], y: [-0.5, 1.28], title: "the way down", equal: true, xLabel: "x₁, the flat axis",
      yLabel: "x₂, the steep one", xTicks: [-0.5, 0, 0.5, 1, 1.5], yTicks: [-0.5, 0, 0.5, 1] });
    const turn = linspace(0, 2 * Math.PI, 181), [across, up] = bowl.bottom;
    const height = across ** 2 + bowl.condition * up ** 2;
    for (const share of [0.04, 0.2, 0.5, 1, 2, 4]) {
      const radius = Math.sqrt(share * height), steep = radius / Math.sqrt(bowl.condition);
      left.line(turn.map((a) => across + radius * Math.cos(a)), turn.map((a) => up + steep * Math.sin(a)),
        { ...LOOK.faint, width: 1 });
    }
    const columns = (points) => [0, 1].map((axis) => points.map((point) => point[axis]));
    const steepest = columns(bowl.steepest), conjugate = columns(bowl.conjugate.slice(0, 3));
    left.line(...steepest, { ...LOOK.new, width: 1.6 });
    left.dots(...steepest, { color: LOOK.new.color, size: 2.6 });
    left.line(...conjugate, LOOK.old);
    left.dots(...conjugate, { color: LOOK.old.color, size: 4.2, shape: "s", hollow: true });
    left.dots([across], [up], { size: 8, shape: "*" });

    const steps = range(BOWL_STEPS + 1), descent = bowl.steepestError.map(Math.log10);
    const two = bowl.conjugateError.slice(0, 3).map(Math.log10);
    errorAxes(right, [-0.5, BOWL_STEPS + 0.5], "products with F", [0, 5, 10, 15, 20]);
    right.line(steps, descent, LOOK.new);
    right.dots(steps, descent, { color: LOOK.new.color, size: 3 });
    right.line([0, 1, 2], two, LOOK.old);
    right.dots([0, 1, 2], two, { color: LOOK.old.color, size: 4.2, shape: "s", hollow: true });
    errorWords(right, 0, "– –  steepest descent", LOOK.new.color);
    errorWords(right, 1, "—  conjugate gradients", LOOK.old.color);
  },
};

const MOST_STEPS = 8;
const POLYNOMIAL_LINE = linspace(0, 1.12, 225);

// q at some places, for the polynomial q, q(0) = 1, with x* − x_k = q(F) x* after `steps` walks of CG.
function errorPolynomial(eigenvalues, g, steps, places) {
  let r = g, p = g, q = places.map(() => 1), direction = q;
  for (let walk = 0; walk < steps && !isRounding(r, g); walk++) {
    const product = timesDiagonal(eigenvalues, p), step = inner(r, r) / inner(p, product);
    const next = along(r, -step, product), ratio = inner(next, next) / inner(r, r);
    q = q.map((value, i) => value - step * places[i] * direction[i]);
    p = along(next, ratio, p);
    direction = along(q, ratio, direction);
    r = next;
  }
  return q;
}

FIGURES.polynomial = {
  panels: 2,
  lowest: 250,

  compute({ low, middle, high, spread, steps }) {
    const offsets = [-0.5, -0.2, 0.25, 0.5].map((offset) => 1 + spread * offset);
    const eigenvalues = [low, middle, high].flatMap((place) => offsets.map((offset) => place * offset));
    eigenvalues.sort((a, b) => a - b);
    const g = eigenvalues.map(Math.sqrt), degree = Math.trunc(steps);
    const root = Math.sqrt(eigenvalues[11] / eigenvalues[0]), shrink = (root - 1) / (root + 1);
    return {
      eigenvalues, steps: degree,
      curve: errorPolynomial(eigenvalues, g, degree, POLYNOMIAL_LINE),
      values: errorPolynomial(eigenvalues, g, degree, eigenvalues),
      errors: relativeError(eigenvalues, g, descend(eigenvalues, g, MOST_STEPS, true)),
      bound: range(MOST_STEPS + 1).map((walks) => Math.min(1, 2 * shrink ** walks)),
    };
  },

  describe({ eigenvalues, steps, errors, bound }) {
    const first = eigenvalues[0], last = eigenvalues[11];
    const leftOver = errors[steps] <= RELATIVE_ROUNDING ? "only rounding" : `${pyGeneral(100 * errors[steps], 3)} %`;
    const walks = `${steps} ${steps === 1 ? "walk" : "walks"}`;
    return `Twelve eigenvalues from ${pyFixed(first, 3)} to ${pyFixed(last, 3)}, condition number `
      + `${pyGeneral(last / first, 3)}. After ${walks} ${leftOver} of the error is left; `
      + `the bound allows ${pyGeneral(100 * bound[steps], 3)} %.`;
  },

  draw(found, [left, right]) {
    left.axes({ x: [-0.04, 1.12], y: [-1.3, 1.35], title: `polynomial of degree ${found.steps}`, xLabel: "eigenvalue",
      xTicks: [0, 0.2, 0.4, 0.6, 0.8, 1], yTicks: [-1, -0.5, 0, 0.5, 1] });
    left.hline(0);
    left.line(POLYNOMIAL_LINE, found.curve, LOOK.old);
    found.eigenvalues.forEach((place, i) => {
      left.line([place, place], [0, found.values[i]], { color: LOOK.new.color, width: 1.4 });
    });
    left.dots(found.eigenvalues, found.values, { color: LOOK.new.color, size: 4 });
    left.dots([0], [1], { size: 4.5, shape: "s" });
    left.text(0, 1, "q(0) = 1, always", { halo: 4, dx: 14, dy: -14 });
    left.text(1.08, -1.15, "●  at the eigenvalues", { halo: 4, color: LOOK.new.color, anchor: "end" });

    const steps = range(MOST_STEPS + 1), errors = found.errors.map(Math.log10);
    errorAxes(right, [-0.3, MOST_STEPS + 0.3], "walks of CG", steps);
    right.line(steps, found.bound.map((x) => Math.log10(Math.max(x, RELATIVE_SMALLEST))), LOOK.bound);
    right.line(steps, errors, LOOK.old);
    right.dots(steps, errors, { color: LOOK.old.color, size: 3.5 });
    right.dots([found.steps], [errors[found.steps]], { color: LOOK.new.color, size: 6.5 });
    errorWords(right, 0, "·····  bound by ℓmax/ℓmin alone", LOOK.bound.color);
    errorWords(right, 1, "—  true", LOOK.old.color);
  },
};

const DETACH_DAMPINGS = linspace(-4, 0.5, 46);
const DETACH_TOLERANCE = 1e-10;
const MOST_WALKS = 10;

// The direction (F + ξI)⁻¹g over ‖g‖: its length and its cosine with g, from F's eigenvalues and g's share in each.
function dampedDirection({ eigenvalues, shares }, damping) {
  const length = Math.sqrt(sum(shares.map((share, i) => share / (eigenvalues[i] + damping) ** 2)));
  return { length, cosine: sum(shares.map((share, i) => share / (eigenvalues[i] + damping))) / length };
}

// The walks that CG needs, counted in F's eigenvectors, where it takes the same ones.
function walksOf({ eigenvalues, shares }, damping) {
  const damped = eigenvalues.map((value) => value + damping);
  let r = shares.map(Math.sqrt), p = r, rr = inner(r, r), walks = 0;
  for (const goal = DETACH_TOLERANCE ** 2 * rr; walks < MOST_WALKS && rr > goal; walks++) {
    const product = timesDiagonal(damped, p);
    r = along(r, -rr / inner(p, product), product);
    const next = inner(r, r);
    p = along(r, next / rr, p);
    rr = next;
  }
  return walks;
}

FIGURES.detach = {
  panels: 2,

  compute({ detached, log_damping: logDamping }, data) {
    const policy = detached ? data.detached : data.undetached, damping = 10 ** logDamping;
    return {
      detached, damping, products: policy.products, walks: walksOf(policy, damping),
      ...dampedDirection(policy, damping),
      curve: DETACH_DAMPINGS.map((x) => dampedDirection(policy, 10 ** x).cosine),
    };
  },

  describe(found) {
    const damping = pyGeneral(found.damping, 2), cosine = pyFixed(found.cosine, 2), most = Math.max(...found.products);
    if (found.detached) {
      const least = Math.min(...found.products);
      return `Old policy detached: the five products have lengths from ${pyFixed(least, 3)} to ${pyFixed(most, 3)}. `
        + `At damping ${damping} the direction found has cosine ${cosine} with the plain gradient.`;
    }
    const products = most === 0 ? "every product is 0" : `products up to ${pyGeneral(most, 2)}`;
    return `Old policy not detached: ${products}. At damping ${damping} conjugate gradients stop after `
      + `${found.walks === 1 ? "one walk" : `${found.walks} walks`}; the direction found is `
      + `${pyGeneral(found.length, 4)} times as long as the plain gradient, cosine ${cosine}.`;
  },

  draw(found, [left, right]) {
    const { color } = found.detached ? LOOK.old : LOOK.new;
    left.axes({ x: [0.4, 5.6], y: [0, 0.22], title: "‖Fv‖ by autograd", xLabel: "random direction v, of length 1",
      xTicks: [1, 2, 3, 4, 5], yTicks: [0, 0.1, 0.2], grid: false });
    for (const height of [0.1, 0.2]) left.hline(height, { color: "#E3E6E8", width: 1 });
    left.bars([1, 2, 3, 4, 5], found.products, { color, width: 0.6 });
    if (!found.products.some((length) => length > 0)) {
      left.text(3, 0, "exactly 0, every one", { color, anchor: "middle", dy: -18 });
    }
    const title = right.width < 290 ? "cosine of direction and g" : "cosine of the direction found with g";
    right.axes({ x: [-4.1, 0.6], y: [0, 1.2], title, xLabel: "damping ξ",
      xTicks: powersOfTen(-4, 0), yTicks: [0, 0.2, 0.4, 0.6, 0.8, 1] });
    right.hline(1, { ...LOOK.muted, width: 1.2, dash: "2 3" });
    right.line(DETACH_DAMPINGS, found.curve, { color });
    right.dots([Math.log10(found.damping)], [found.cosine], { color, size: 6.5 });
    right.text(-3.95, 1, "1: the plain gradient", { color: LOOK.muted.color, dy: -14 });
  },
};
