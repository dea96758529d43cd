// The slice: truth, surrogate and trust region along a line in policy space.

const SAMPLES = 160;

function startSlice(root, { world, cliff, rule, furthestKl }) {
  const lab = makeLaboratory(world);
  let mode = "cliff", delta = 0.05, rounds = 0, scene;

  const modeChoice = choice({
    name: "the line", group: "mode", options: { cliff: "two-step cliff", grid: "gridworld, shared features" },
    changed: (value) => { mode = value; prepare(); draw(); },
  });
  const deltaKnob = slider({
    name: "δ", hint: "the trust region’s radius, nats", low: 0.005, high: 1, log: true,
    changed: (value) => { delta = value; draw(); },
  });
  const roundsKnob = slider({
    name: "rounds before the line", hint: "of the trust region, δ = 0.02", low: 0, high: 10, step: 1,
    changed: (value) => { rounds = value; prepare(); draw(); },
  });
  const sentence = element("p", { role: "status", "aria-live": "polite", class: "sentence" });
  const curves = element("div", { class: "curves" });
  const objective = picture(curves, 300, "", [
    ["promised", "– –", "surrogate"], ["true", "—", "truth"], ["", "┆", "peak of the truth"],
    ["region", "■", "trust region"],
  ]);
  const klPicture = picture(curves, 180, "KL(old‖new), nats", [
    ["step", "—", "mean KL"], ["", "┄", "δ: the step ends where the curve meets it"],
  ]).svg;
  fill(root, "The slice",
    element("div", { class: "choices" }, modeChoice.fieldset),
    element("div", { class: "knobs wide" }, deltaKnob.label, roundsKnob.label), sentence, curves);

  // What stays the same while δ is dragged: the line, its curves, where the truth peaks.
  function prepare() {
    scene = mode === "cliff" ? cliffScene() : gridScene();
    const { line, low, high } = scene;
    scene.points = Array.from({ length: SAMPLES + 1 }, (_, i) => {
      const x = low + ((high - low) * i) / SAMPLES;
      return { x, ...line(x) };
    });
    const best = scene.points.reduce((a, b) => (b.true > a.true ? b : a)).x, width = (high - low) / SAMPLES;
    const peak = goldenSection((x) => line(x).true, Math.max(low, best - width), Math.min(high, best + width));
    scene.peak = { x: peak, ...line(peak) };
  }

  function cliffScene() {
    const line = cliffLine(cliff), high = trustRegionEdge(line, furthestKl.cliff, cliff.start, 1);
    const names = { letter: "p", xName: "p, the probability of action 1 in both states" };
    const say = (gain) => `a gain of ${signed(gain, 3)}`;
    return { line, low: cliff.start, high, ...names, title: "Gain over the old policy, in units of return", say };
  }

  function gridScene() {
    let theta = lab.uniform();
    for (let i = 0; i < rounds; i++) theta = lab.step(theta, rule).theta;
    const line = lab.line(theta, rule);
    let high = 1;
    while (line(high).kl < furthestKl.grid && high < 1e6) high *= 2;
    high = trustRegionEdge(line, furthestKl.grid, 0, high);
    const names = { letter: "α", xName: "α, the step size along the natural gradient" };
    return { line, low: 0, high, ...names, title: "Return, % of the best policy’s", say: percentText };
  }

  function draw() {
    const { line, low, high } = scene;
    const x = trustRegionEdge(line, delta, low, high), edge = { x, ...line(x) };
    drawObjective(edge);
    drawKl(edge);
    modeChoice.show(mode);
    deltaKnob.show(delta);
    roundsKnob.show(rounds);
    roundsKnob.label.style.visibility = mode === "grid" ? "visible" : "hidden";
    sentence.textContent = say(edge);
    const crossing = `${scene.letter} = ${fixed(edge.x, 3)}`;
    objective.svg.setAttribute("aria-label", `Truth and surrogate along the line. ${sentence.textContent}`);
    klPicture.setAttribute("aria-label", `Mean KL along the line: it reaches δ = ${short(delta)} at ${crossing}.`);
  }

  // Round numbers that cover [low, high] in at most eight steps.
  function ticks(low, high) {
    const rough = (high - low) / 8, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
    const places = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const first = Math.ceil(low / step - 1e-9), last = Math.floor(high / step + 1e-9);
    return Array.from({ length: last - first + 1 }, (_, i) => [(first + i) * step, fixed((first + i) * step, places)]);
  }

  const xAxis = () => ({ x: [scene.low, scene.high], xTicks: ticks(scene.low, scene.high), xName: scene.xName });

  function drawObjective(edge) {
    const { points, peak, title } = scene, values = points.flatMap((point) => [point.true, point.promised]);
    const lowest = Math.min(...values), highest = Math.max(...values), margin = 0.08 * (highest - lowest);
    const y = [lowest - margin, highest + margin], start = points[0].true;
    const f = frame(objective.svg, { ...xAxis(), y, yTicks: ticks(...y) });
    f.parts.push(
      box("band", f.left, f.top, f.x(edge.x), f.bottom),
      line("best", f.left, f.y(start), f.end, f.y(start)),
      line("switch", f.x(peak.x), f.y(peak.true), f.x(peak.x), f.bottom),
      curve("promised line", points.map((point) => [f.x(point.x), f.y(point.promised)])),
      curve("true line", points.map((point) => [f.x(point.x), f.y(point.true)])),
      disc("promise open", f.x(edge.x), f.y(edge.promised), 6),
      disc("true dot", f.x(edge.x), f.y(edge.true), 6),
    );
    objective.svg.innerHTML = f.parts.join("");
    objective.heading.textContent = title;
  }

  function drawKl(edge) {
    const f = frame(klPicture, { ...xAxis(), y: [0, furthestKl[mode]], yTicks: ticks(0, furthestKl[mode]) }), height = f.y(delta);
    f.parts.push(
      box("band", f.left, height, f.x(edge.x), f.bottom),
      line("budget", f.left, height, f.end, height),
      words(f.end + 9, height + 4, "δ"),
      curve("old line", scene.points.map((point) => [f.x(point.x), f.y(point.kl)])),
      disc("old dot", f.x(edge.x), height, 4),
    );
    klPicture.innerHTML = f.parts.join("");
  }

  function say(edge) {
    const { points, peak, letter, say: value } = scene;
    const where = `δ = ${short(delta)}: the step ends at ${letter} = ${fixed(edge.x, 3)}. `
      + `The surrogate promises ${value(edge.promised)}, the truth is ${value(edge.true)}`;
    const summit = `${letter} = ${fixed(peak.x, 2)}, KL ${short(peak.kl)}`;
    if (edge.x <= peak.x) return `${where}. The truth still climbs; it will peak at ${summit}.`;
    const fallen = edge.true < points[0].true ? ": worse than no step at all. It" : ". The truth has turned down: it";
    return `${where}${fallen} peaked at ${summit}; the surrogate climbs on.`;
  }

  prepare();
  draw();
  drawAtEveryWidth(curves, draw);
}
