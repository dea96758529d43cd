// Lesson 10: the radius δ turned over one recorded update, and a training log to scrub through.

const backtracksInWords = (number) => (number === 1 ? "1 backtrack" : `${pyFixed(number, 0)} backtracks`);

// np.interp(x, xs, ys) for xs that rise.
function between(x, xs, ys) {
  const last = xs.length - 1;
  if (x <= xs[0]) return ys[0];
  if (x >= xs[last]) return ys[last];
  const above = xs.findIndex((each) => each > x), below = above - 1;
  return ((ys[above] - ys[below]) / (xs[above] - xs[below])) * (x - xs[below]) + ys[below];
}

FIGURES.radius_dial = {
  panels: 3,
  ratio: 0.95,
  highest: 340,

  compute({ log_delta: logDelta }, data) {
    const { c, kl, gain, predicted, tried, returns, shrink, most_backtracks: most, min_ratio: part } = data;
    const line = { c, kl, gain, predicted, delta: data.delta, tried, returns };
    const delta = 10 ** logDelta, full = Math.sqrt(delta / data.delta);
    for (let backtracks = 0; backtracks <= most; backtracks++) {
      const x = full * shrink ** backtracks, distance = between(x, c, kl), promise = between(x, c, gain);
      if (distance <= delta && promise >= part * x * predicted) {
        return { line, delta, full, c: x, backtracks, kl: distance, gain: promise, meanReturn: between(x, tried, returns) };
      }
    }
    return { line, delta, full, c: 0, backtracks: most, kl: 0, gain: 0, meanReturn: returns[0] };
  },

  describe({ line, delta, full, c, backtracks, kl, gain, meanReturn }) {
    if (c === 0) return `δ = ${pyGeneral(delta, 3)}: no candidate passes, and the old policy stands.`;
    return `δ = ${pyGeneral(delta, 3)}: the full step (open circle) is ${pyFixed(full, 2)}; after `
      + `${backtracksInWords(backtracks)} the one accepted (filled) is ${pyFixed(c, 2)}, with a KL of ${pyFixed(kl, 4)} nats `
      + `and a surrogate gain of ${pyFixed(gain, 3)}. Its true mean return is ${pyFixed(meanReturn, 0)}; the old policy's `
      + `was ${pyFixed(line.returns[0], 0)}.`;
  },

  draw({ line, delta, full, c, kl, gain, meanReturn }, [divergence, surrogate, truth]) {
    const end = line.c[line.c.length - 1], ends = [0, end], highest = 1.15 * Math.max(...line.returns);
    const shared = { x: ends, xTicks: niceTicks(0, end, 5), xLabel: `step, in full steps at δ = ${pyGeneral(line.delta)}` };
    const unit = surrogate.height < 285 ? "st. dev. of A" : "standard deviations of A";
    const panels = [
      [divergence, line.kl, kl, LOOK.old, { y: [0, 1], title: "distance", yLabel: "nats" }],
      [surrogate, line.gain, gain, LOOK.surrogate,
        { y: [0, line.predicted * end], title: "promise", yLabel: `gain, ${unit}` }],
      [truth, null, meanReturn, LOOK.return, { y: [0, highest], title: "truth, from new episodes", yLabel: "mean return" }],
    ];
    for (const [panel, , , , frame] of panels) panel.axes({ ...shared, ...frame });
    divergence.band({ y: [0, delta] });
    divergence.line(line.c, line.c.map((x) => line.delta * x ** 2), LOOK.bound);
    divergence.line(line.c, line.kl, LOOK.old);
    surrogate.line(line.c, line.c.map((x) => line.predicted * x), LOOK.bound);
    surrogate.line(line.c, line.gain, LOOK.surrogate);
    truth.line(line.tried, line.returns, LOOK.return);
    truth.dots(line.tried, line.returns, { color: LOOK.return.color, size: 3 });
    for (const [panel] of panels) panel.vline(full, { ...LOOK.muted, width: 1, dash: "2 3" });
    for (const [panel, model, name, { color }] of [
      [divergence, "··· quadratic model", "— KL(old‖new)", LOOK.old],
      [surrogate, "··· linear model", "– – surrogate", LOOK.surrogate],
    ]) {
      panel.text(0.04, 1, model, { frac: true, color: LOOK.bound.color, dy: 16, halo: 5 });
      panel.text(0.04, 1, name, { frac: true, color, dy: 35, halo: 5 });
    }
    for (const [panel, curve, height, { color }] of panels) {
      // whole at the edges of the axes, hidden beyond
      const whole = (x, y) => ({ clip: x > end * (1 + 1e-9) || y < panel.yEnds[0] || y > panel.yEnds[1] });
      if (curve) {
        const there = between(full, line.c, curve);
        panel.dots([full], [there], { color, size: 5, hollow: true, ...whole(full, there) });
      }
      panel.dots([c], [height], { color, size: 5, ...whole(c, height) });
    }
  },
};

// The columns of a log, and the names that `compute` gives them.
const LOG_COLUMNS = {
  steps: "steps", mean_return: "meanReturn", predicted: "predicted", gain: "gain", radius: "radius", kl: "kl",
  residual: "residual", backtracks: "backtracks", accepted: "accepted", ratios: "ratios", sigma: "sigma",
  explained: "explained",
};

// A column as JSON has it: null where the log has no number, the word for infinity.
const unpacked = (value) => (Array.isArray(value) ? value.map(unpacked) : value === null ? NaN : Number(value));
const numbersIn = (xs) => xs.filter((x) => !Number.isNaN(x));

// A title whose words have the colours of what they name.
function colouredTitle(panel, ...parts) {
  const spans = parts.map(([text, color]) => (color ? `<tspan fill="${color}">${text}</tspan>` : text)).join("");
  panel.parts.push(`<text class="strong" x="12" y="14" dy="0.35em">${spans}</text>`);
}

// Many small dots as one path of short strokes with round ends, a third of what circles would take.
function specks(panel, xs, ys, { color, size, opacity = 1 }) {
  const inside = (y) => y >= panel.yEnds[0] && y <= panel.yEnds[1];
  const path = xs.map((x, i) => (inside(ys[i]) ? `M${px(panel.x(x))} ${px(panel.y(ys[i]))}h0` : "")).join("");
  const look = panel.stroke({ color, width: 2 * size, opacity });
  if (path) panel.parts.push(`<path d="${path}" ${look} stroke-linecap="round"/>`);
}

FIGURES.forensics = {
  panels: 8,
  ratio: 0.68,
  lowest: 124,
  highest: 175,

  compute({ update }, data) {
    const log = Object.fromEntries(Object.entries(LOG_COLUMNS).map(([name, here]) => [here, unpacked(data[name])]));
    return { log, update: Math.round(update) };
  },

  describe({ log, update }) {
    const k = update - 1, [low, q05, q95, high] = log.ratios.map((ratio) => pyFixed(ratio[k], 2));
    const allowed = Number.isFinite(log.radius[k]) ? ` of ${pyGeneral(log.radius[k], 2)} allowed` : ", with no limit";
    const refused = log.accepted[k] === 0 ? " The step was refused." : "";
    return `Update ${update} of ${log.steps.length}, after ${grouped(pyFixed(log.steps[k], 0))} thousand steps: gain `
      + `promised ${pyFixed(log.predicted[k], 3)}, kept ${pyFixed(log.gain[k], 3)}; KL ${pyFixed(log.kl[k], 4)}${allowed}; `
      + `residual of CG ${pyFixed(log.residual[k], 2)}; ${backtracksInWords(log.backtracks[k])}; ratios ${low} to ${high}, `
      + `the middle 90 % ${q05} to ${q95}; mean σ ${pyFixed(log.sigma[k], 2)}; explained variance `
      + `${pyFixed(log.explained[k], 2)}; mean return ${pyFixed(log.meanReturn[k], 0)}.${refused}`;
  },

  draw({ log, update }, panels) {
    const k = update - 1, here = log.steps[k], end = log.steps[log.steps.length - 1], ink = LOOK.ink.color;
    const { width, height, svg } = panels[0], inRow = Math.max(1, Math.floor(svg.parentNode.clientWidth / width));
    for (const panel of panels.slice(-inRow)) panel.begin(0, height + 20, height + 20); // room for "thousand steps"
    const narrow = width < 195, [returns, promise, distance, residual, backtracks, ratios, noise, explained] = panels;
    const xTicks = niceTicks(0, end, narrow ? 2 : 4), places = xTicks.map(([place]) => [place, ""]);
    const axes = (panel, low, high, title, yTicks = niceTicks(low, high, narrow ? 3 : 4)) => {
      const xLabel = panels.indexOf(panel) >= panels.length - inRow ? "thousand steps" : "";
      panel.axes({ x: [0, end], y: [low, high], title, xTicks: places, yTicks, xLabel });
      for (const [place, text] of xTicks) { // the last would reach beyond a narrow panel
        const x = Math.min(panel.x(place), panel.width - 4.2 * text.length);
        panel.parts.push(panel.words(x, panel.bottom + 13, text, { anchor: "middle", small: true }));
      }
    };

    axes(returns, Math.min(0, ...numbersIn(log.meanReturn)), 1.08 * Math.max(1, ...numbersIn(log.meanReturn)), "return");
    returns.line(log.steps, log.meanReturn, { ...LOOK.return, width: 1.6 });

    const high = quantile(numbersIn(log.predicted), 0.99);
    axes(promise, 0, 1.5 * high > 0.01 ? 1.5 * high : 0.01, " ");
    colouredTitle(promise, [narrow ? "" : "gain: "], ["promised", LOOK.surrogate.color], [", "], ["kept", LOOK.old.color]);
    specks(promise, log.steps, log.predicted, { color: LOOK.surrogate.color, size: 2.6, opacity: 0.4 });
    specks(promise, log.steps, log.gain, { color: LOOK.old.color, size: 1.4 });

    const limited = Number.isFinite(log.radius[0]), top = limited ? log.radius[0] : quantile(numbersIn(log.kl), 0.98);
    const unit = narrow ? "KL" : "KL, nats";
    axes(distance, 0, 1.3 * top, limited ? `${unit}; δ shaded` : `${unit}; no limit`);
    if (limited) distance.band({ y: [0, top] });
    specks(distance, log.steps, log.kl, { color: LOOK.old.color, size: 1.6 });

    axes(residual, 0, 1.1 * Math.max(0.1, ...numbersIn(log.residual)), "residual of CG");
    specks(residual, log.steps, log.residual, { color: ink, size: 1.6 });

    const most = Math.max(4, ...numbersIn(log.backtracks));
    axes(backtracks, -0.5, most + 0.5, "backtracks", niceTicks(0, most, narrow ? 2 : 4));
    specks(backtracks, log.steps, log.backtracks, { color: ink, size: 1.6 });

    axes(ratios, 0, 3, narrow ? "ratios" : "ratios: all, middle 90 %", [0, 1, 2, 3]);
    ratios.area(log.steps, log.ratios[0], log.ratios[3], { color: "#DDE3E8", opacity: 1 });
    ratios.area(log.steps, log.ratios[1], log.ratios[2], { color: "#8FA6BC", opacity: 1 });

    axes(noise, 0, 1.1 * Math.max(...numbersIn(log.sigma)), narrow ? "mean σ" : "action noise, mean σ");
    noise.line(log.steps, log.sigma, { color: ink, width: 1.6 });

    axes(explained, -0.2, 1.02, narrow ? "explained var." : "explained variance of V", [0, 0.5, 1]);
    explained.line(log.steps, log.explained, { color: ink, width: 1.2 });

    const marked = [log.meanReturn, log.gain, log.kl, log.residual, log.backtracks, null, log.sigma, log.explained];
    panels.forEach((panel, i) => {
      const heights = marked[i] ? [marked[i][k]] : [log.ratios[1][k], log.ratios[2][k]];
      const beyond = Math.min(...heights) < panel.yEnds[0] || Math.max(...heights) > panel.yEnds[1];
      panel.vline(here);
      panel.dots(heights.map(() => here), heights, { color: LOOK.new.color, size: 4.5, clip: beyond });
    });
  },
};
