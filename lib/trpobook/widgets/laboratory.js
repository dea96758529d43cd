// The gridworld laboratory: knobs, curves, a world to click into, and a log.

const MOVES = [["↑", "up"], ["→", "right"], ["↓", "down"], ["←", "left"]];
const KEYS = { ArrowUp: 0, ArrowRight: 1, ArrowDown: 2, ArrowLeft: 3 };
const OWN = "your own settings";
const LONGEST_RUN = 200, ROUND_MS = 150, CALM_ROUND_MS = 600;
const TOP = 130, BOTTOM = -50, LOWEST_BOTTOM = -130; // percent
const EXPONENTS = [-10, 3]; // of the KL axis; what lies beyond is drawn at its ends

function startLaboratory(root, { world, presets, preset, rules }) {
  const lab = makeLaboratory(world);
  // A run: `phases` is null once the reader has changed a setting; `end` is where playing stops.
  let phases, rule, theta, rounds, end, timer = null, cell = world.start;

  // The page

  const presetSelect = element("select", { onchange: () => load(presetSelect.value) });
  for (const name of [...Object.keys(presets), OWN]) presetSelect.append(element("option", {}, name));
  const button = (attributes, ...children) => element("button", { type: "button", ...attributes }, ...children);
  const playButton = button({ class: "go", onclick: () => (timer ? pause() : play()) });
  const stepButton = button({ onclick: () => { pause(); advance(); } }, "Step");
  const resetButton = button({ onclick: () => (phases ? load(presetSelect.value) : restart(OWN)) }, "Reset");
  const updateChoice = choice({
    name: "update rule", group: "update", options: rules, changed: (update) => change({ update }),
  });
  const featureChoice = choice({
    name: "policy’s logits", group: "features",
    options: { tabular: "one for each cell and move", rowcol: "shared: row + column" },
    changed: (features) => change({ features }),
  });
  const knobs = {
    delta: slider({
      name: "δ", hint: "trust region’s radius, nats", low: 0.001, high: 1, log: true,
      changed: (delta) => change({ delta }),
    }),
    alpha: slider({
      name: "α", hint: "fixed step’s size", low: 0.1, high: 1000, log: true, changed: (alpha) => change({ alpha }),
    }),
    kappa: slider({
      name: "κ", hint: "size of the error", low: 0, high: 0.2, step: 0.005, say: (x) => fixed(x, 3),
      changed: (kappa) => change({ kappa }),
    }),
  };
  const seedInput = element("input", {
    type: "number", min: 0, max: 2 ** 32 - 1, step: 1, required: "",
    oninput: () => seedInput.validity.valid && change({ seed: seedInput.valueAsNumber }),
  });
  const sentence = element("p", { role: "status", class: "sentence" });
  const curves = element("div", { class: "curves" });
  const returnsPicture = picture(curves, 200, "Return, % of the best policy’s", [
    ["true", "—", "true"], ["promised", "– –", "promised (▲ off the top)"], ["promised", "○", "promised next"],
    ["fall", "◯", "overshoot"],
  ]).svg;
  const klPicture = picture(curves, 190, "Mean KL(old‖new) of each step, nats", [
    ["step", "●", "trust region"], ["step", "◆", "fixed"], ["step", "▼", "penalty"], ["", "", "hollow: the next step"],
    ["region", "■", "within δ"],
  ]).svg;
  const cells = lab.live.map((_, s) => button({ onclick: () => select(s) }));
  const grid = element("div", {
    class: "world", role: "group", "aria-label": "the gridworld; arrow keys go from cell to cell", onkeydown: walk,
  }, ...cells);
  const reading = element("div", { class: "reading" });
  const log = element("div", { role: "log", class: "log", tabindex: 0, "aria-label": "events" });

  fill(root, "The gridworld laboratory",
    element("div", { class: "bar" },
      element("label", {}, element("strong", {}, "Preset "), presetSelect), playButton, stepButton, resetButton),
    element("div", { class: "choices" }, updateChoice.fieldset, featureChoice.fieldset),
    element("div", { class: "knobs" }, knobs.delta.label, knobs.alpha.label, knobs.kappa.label,
      element("label", { class: "knob" }, element("span", {}, "seed"), seedInput, element("small", {}, "which error"))),
    sentence,
    element("div", { class: "main" }, curves, element("div", { class: "side" }, grid, reading)),
    element("div", {}, element("div", { class: "heading" }, "Events"), log));

  // A run

  function load(name) {
    presetSelect.value = name;
    presetSelect.lastChild.hidden = true;
    phases = presets[name];
    end = phases.reduce((sum, phase) => sum + phase.rounds, 0);
    rule = phases[0].rule;
    restart(`preset “${name}”`);
  }

  function restart(from) {
    stopTimer();
    theta = lab.uniform();
    rounds = [];
    log.replaceChildren();
    write("start", `round 0 · ${from} · ${describeRule()}`);
    draw();
  }

  function advance() {
    const round = lab.step(theta, rule), number = rounds.length + 1;
    theta = round.theta;
    rounds.push(round);
    if (round.overshot) {
      const { promised, after } = round;
      write("overshoot", `round ${number} · OVERSHOOT promised ${percentText(promised)}, got ${percentText(after)}`);
    }
    if (round.backtracks === world.mostHalvings) {
      writeAgain(number, "no step within δ promises a gain: the policy stays");
    } else if (round.backtracks > 0) {
      writeAgain(number, `backtracked: step halved ${round.backtracks === 1 ? "once" : `${round.backtracks} times`}`);
    }
    followPreset();
    if (number === LONGEST_RUN) write("end", `round ${number} · the run ends here; reset to start again`);
    if (number >= end || !root.isConnected) stopTimer(); // an output that is run again is replaced
    draw();
  }

  // A preset's later phases bring their own rule.
  function followPreset() {
    let first = 0;
    for (const phase of phases ?? []) {
      if (first > 0 && first === rounds.length) {
        rule = phase.rule;
        write("change", `round ${first} · the preset switches: ${describeRule()}`);
      }
      first += phase.rounds;
    }
  }

  // A reader's change: from here on the run is the reader's own.
  function change(part) {
    rule = { ...rule, ...part };
    phases = null;
    presetSelect.lastChild.hidden = false;
    presetSelect.value = OWN;
    const sameRound = (last) => last.className === "change" && last.dataset.round === String(rounds.length);
    write("change", `round ${rounds.length} · you changed: ${describeRule()}`, sameRound);
    draw();
  }

  function play() {
    if (rounds.length >= end) end = Math.min(LONGEST_RUN, rounds.length + 20);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    timer = setInterval(advance, calm ? CALM_ROUND_MS : ROUND_MS);
    draw();
  }

  function stopTimer() {
    clearInterval(timer);
    timer = null;
  }

  function pause() {
    stopTimer();
    draw();
  }

  // Writes an event, in place of the last one if that `fits`.
  function write(kind, text, fits = () => false) {
    const last = log.lastElementChild;
    const entry = last && fits(last) ? last : log.appendChild(element("div", { class: kind }));
    entry.dataset.round = rounds.length;
    entry.dataset.first ??= rounds.length;
    entry.textContent = text;
    log.scrollTop = log.scrollHeight;
  }

  // What happens in one round after the other takes one line.
  function writeAgain(number, text) {
    const last = log.lastElementChild;
    const goesOn = last.textContent.endsWith(`· ${text}`) && last.dataset.round === String(number - 1);
    const when = goesOn ? `rounds ${last.dataset.first} to ${number}` : `round ${number}`;
    write("search", `${when} · ${text}`, () => goesOn);
  }

  function describeRule() {
    const size = { trust: `δ = ${short(rule.delta)}`, none: `α = ${short(rule.alpha)}`, penalty: "" }[rule.update];
    const error = rule.kappa > 0 ? `error κ = ${short(rule.kappa)}, seed ${rule.seed}` : "exact advantages";
    const features = rule.features === "rowcol" ? "shared features" : "";
    return [rules[rule.update], size, error, features].filter(Boolean).join(", ");
  }

  // The world

  function select(s) {
    cell = s;
    drawWorld();
    cells[s].focus();
  }

  function walk(event) {
    const move = world.moves[KEYS[event.key]];
    if (!move) return;
    event.preventDefault();
    const row = Math.floor(cell / world.side) + move[0], column = (cell % world.side) + move[1];
    if (row >= 0 && row < world.side && column >= 0 && column < world.side) select(row * world.side + column);
  }

  const place = (s) => `row ${Math.floor(s / world.side) + 1}, column ${(s % world.side) + 1}`;
  const role = (s) => ({ [world.start]: "start", [world.goal]: "goal", [world.trap]: "trap" })[s];

  function drawWorld() {
    const pi = lab.policy(theta), visits = lab.visitation(pi), most = Math.max(...visits);
    cells.forEach((node, s) => {
      const likeliest = pi[s].indexOf(Math.max(...pi[s]));
      const habit = lab.live[s] ? `most often ${MOVES[likeliest][1]}, ${percentText(100 * pi[s][likeliest])}` : "";
      node.setAttribute("aria-label", [place(s), role(s), habit].filter(Boolean).join(", "));
      node.setAttribute("aria-pressed", s === cell);
      node.tabIndex = s === cell ? 0 : -1;
      node.innerHTML = drawCell(s, pi[s], visits[s] / most);
    });
    reading.replaceChildren(...readCell(pi, visits));
  }

  // An arrow for each move that is made, as long as its probability.
  function drawCell(s, probabilities, share) {
    const name = (sign) => words(30, 27, role(s), "middle") + words(30, 44, sign, "middle");
    const start = words(30, 53, "start", "middle");
    const signs = { [world.goal]: name("+1"), [world.trap]: name("−1"), [world.start]: start };
    const arrows = probabilities.map((probability, a) => {
      if (!lab.live[s] || probability < 0.02) return "";
      const [down, right] = world.moves[a], turn = (Math.atan2(down, right) * 180) / Math.PI;
      const length = 24 * probability, tip = Math.min(6, 3 + 4 * probability);
      return `<g transform="translate(30 ${s === world.start ? 25 : 30}) rotate(${turn})">
        ${line("stem", 0, 0, length, 0)}
        <path class="tip" d="M${px(length + 2)} 0l${-tip} ${-0.7 * tip}v${1.4 * tip}z"/></g>`;
    });
    const shade = `<rect class="visits" width="60" height="60" fill-opacity="${(0.5 * share).toFixed(3)}"/>`;
    return `<svg viewBox="0 0 60 60" aria-hidden="true">${shade}${arrows.join("")}${signs[s] ?? ""}</svg>`;
  }

  function readCell(pi, visits) {
    const named = role(cell) ? ` (${role(cell)})` : "";
    const heading = element("div", { class: "heading" }, `Cell in ${place(cell)}${named}`);
    if (!lab.live[cell]) {
      const pays = cell === world.goal ? "+1" : "−1";
      return [heading, element("p", {}, `Entering the ${role(cell)} pays ${pays} and ends the episode.`)];
    }
    const advantage = lab.advantage(pi)[cell], estimate = lab.estimate(pi, rule)[cell];
    const look = (row, a) => (fixed(row[a], 3) === fixed(Math.max(...row), 3) ? "largest" : "");
    const number = (row, a, text) => element("td", { class: look(row, a) }, text(row[a], 3));
    const titles = ["move", "probability", "true advantage", "estimate Â"];
    const head = titles.map((title) => element("th", { scope: "col" }, title));
    const body = MOVES.map(([sign, name], a) => element("tr", {},
      element("th", { scope: "row" }, `${sign} ${name}`),
      number(pi[cell], a, fixed), number(advantage, a, signed), number(estimate, a, signed)));
    const table = element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...body));
    const visited = `Discounted visits ρ = ${fixed(visits[cell], 3)}; the largest of a column is bold.`;
    return [heading, table, element("p", {}, visited)];
  }

  // Pictures and words

  function draw() {
    const all = Object.keys(rules);
    const next = Object.fromEntries(all.map((update) => [update, lab.step(theta, { ...rule, update })]));
    drawReturns(next[rule.update]);
    drawKl(next);
    drawWorld();
    drawControls();
    sentence.textContent = say(next[rule.update]);
    // While a run plays only its events are read aloud.
    for (const node of [sentence, reading]) node.setAttribute("aria-live", timer ? "off" : "polite");
  }

  function drawControls() {
    updateChoice.show(rule.update);
    featureChoice.show(rule.features);
    knobs.delta.show(rule.delta, rule.update === "trust" ? "" : "not used by this rule");
    knobs.alpha.show(rule.alpha, rule.update === "none" ? "" : "not used by this rule");
    knobs.kappa.show(rule.kappa);
    if (seedInput.valueAsNumber !== rule.seed) seedInput.value = rule.seed;
    playButton.textContent = timer ? "❚❚ Pause" : "▶ Play";
    playButton.disabled = stepButton.disabled = rounds.length >= LONGEST_RUN;
  }

  const startReturn = lab.percent(lab.expectedReturn(lab.policy(lab.uniform())));
  const trueReturns = () => [startReturn, ...rounds.map((round) => round.after)];

  function roundAxis() {
    const last = Math.max(end, rounds.length) + 1, every = [5, 10, 20, 50].find((step) => last / step <= 9);
    const ticks = Array.from({ length: Math.floor(last / every) + 1 }, (_, i) => [i * every, i * every]);
    return { x: [0, last], xTicks: ticks, xName: "round" };
  }

  // Upright lines where the rule changed.
  function switches(f) {
    return rounds.map((round, i) => (i > 0 && round.rule !== rounds[i - 1].rule
      ? line("switch", f.x(i + 0.5), f.top, f.x(i + 0.5), f.bottom) : "")).join("");
  }

  function drawReturns(next) {
    const truth = trueReturns(), low = Math.min(...truth) < BOTTOM ? LOWEST_BOTTOM : BOTTOM;
    const yTicks = [-100, -50, 0, 50, 100].filter((tick) => tick >= low).map((tick) => [tick, fixed(tick, 0)]);
    const f = frame(returnsPicture, { ...roundAxis(), y: [low, TOP], yTicks });
    const y = (value) => f.y(Math.min(TOP, Math.max(low, value)));
    const promise = (value, i, look) => mark(value > TOP ? "above" : "trust", f.x(i), y(value), `promise ${look}`);
    f.parts.push(line("best", f.left, y(100), f.end, y(100)), words(f.end + 9, y(100) + 4, "best"), switches(f));
    if (rounds.length) f.parts.push(curve("promised line", rounds.map((round, i) => [f.x(i + 1), y(round.promised)])));
    rounds.forEach(({ promised }, i) => { if (promised > TOP) f.parts.push(promise(promised, i + 1, "")); });
    f.parts.push(curve("true line", truth.map((value, i) => [f.x(i), y(value)])));
    truth.forEach((value, i) => f.parts.push(disc("true dot", f.x(i), y(value), 2.6)));
    rounds.forEach(({ overshot, after }, i) => {
      if (overshot) f.parts.push(mark("ring", f.x(i + 1), y(after), "fall"));
    });
    f.parts.push(promise(next.promised, rounds.length + 1, "open"));
    returnsPicture.innerHTML = f.parts.join("");

    const ends = `from ${percentText(truth[0])} to ${percentText(truth.at(-1))} of the best`;
    const lowest = `lowest ${percentText(Math.min(...truth))}`;
    const falls = `overshoots: ${rounds.filter((round) => round.overshot).length}`;
    const last = rounds.length ? ` Last promise ${percentText(rounds.at(-1).promised)}.` : "";
    const label = `Return against round, ${rounds.length} rounds. True return: ${ends}, ${lowest}; ${falls}.${last}`;
    returnsPicture.setAttribute("aria-label", label);
  }

  function drawKl(next) {
    const [lowest, highest] = EXPONENTS, yTicks = [];
    for (let n = lowest; n <= highest; n += 2) yTicks.push([n, `${n === lowest ? "≤10" : "10"}${superscript(n)}`]);
    const f = frame(klPicture, { ...roundAxis(), y: EXPONENTS, yTicks });
    const y = (kl) => f.y(Math.min(highest, Math.log10(Math.max(kl, 10 ** lowest))));
    for (let first = 0, i = 1; i <= rounds.length; i++) {
      if (i < rounds.length && rounds[i].rule === rounds[first].rule) continue;
      const { update, delta } = rounds[first].rule;
      if (update === "trust") f.parts.push(box("band", f.x(first + 0.5), y(delta), f.x(i + 0.5), f.bottom));
      first = i;
    }
    f.parts.push(line("budget", f.left, y(rule.delta), f.end, y(rule.delta)), words(f.end + 9, y(rule.delta) + 4, "δ"));
    f.parts.push(switches(f));
    rounds.forEach((round, i) => f.parts.push(mark(round.rule.update, f.x(i + 1), y(round.meanKl), "step")));
    for (const [update, round] of Object.entries(next)) {
      const look = update === rule.update ? "step next" : "step other";
      f.parts.push(mark(update, f.x(rounds.length + 1), y(round.meanKl), look));
    }
    klPicture.innerHTML = f.parts.join("");

    const would = Object.entries(next).map(([update, round]) => `${rules[update]} ${nats(round.meanKl)}`).join(", ");
    klPicture.setAttribute("aria-label", `Mean KL of each step on a logarithmic axis; δ is ${short(rule.delta)}. `
      + `${rounds.length ? `Last step ${nats(rounds.at(-1).meanKl)}. ` : ""}The next step by each rule: ${would}.`);
  }

  function say(next) {
    const ahead = `The next step promises ${percentText(next.promised)}.`;
    if (!rounds.length) {
      return `Round 0: the uniform policy’s true return is ${percentText(startReturn)} of the best. ${ahead}`;
    }
    const { promised, after, meanKl, overshot, backtracks, rule: used } = rounds.at(-1);
    const budget = used.update === "trust" ? `, within δ = ${short(used.delta)}` : "";
    const stays = backtracks === world.mostHalvings;
    return `Round ${rounds.length}: promised ${percentText(promised)}, true return ${percentText(after)} of the best`
      + `${overshot ? ", an overshoot" : ""}. `
      + `${stays ? "No step promised a gain" : `The step’s mean KL was ${nats(meanKl)}${budget}`}. ${ahead}`;
  }

  load(preset);
  drawAtEveryWidth(curves, draw);
}
