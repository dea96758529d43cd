// Lesson 05: arrows of a gridworld policy, turned one by one: whose visits tell the gain.

const { side: SIDE, start: START, goal: GOAL, trap: TRAP, moves: MOVES } = GRIDWORLD, CELLS = SIDE * SIDE, GAMMA = 0.95;
const WORLD = makeGridworld(GRIDWORLD), ABSORBING = WORLD.live.map((live) => !live);
const SIGNS = "↑→↓←", DIRECTIONS = ["up", "right", "down", "left"];

const ARROWS = [..."→→→→→↑→↑→↑↑→↑→↑→↑↑→↑→→→→↑"].map((sign) => SIGNS.indexOf(sign));
const FOLLOWED = 0.7; // else one of the four moves, each as likely
const OLD_POLICY = ARROWS.map((arrow) => range(4).map((a) => FOLLOWED * (a === arrow) + (1 - FOLLOWED) / 4));
const TURN_WEIGHTS = linspace(0, 1, 41);

const visitsOf = (policy) => WORLD.visitation(policy, GAMMA);
const OLD_VISITS = visitsOf(OLD_POLICY), OLD_ADVANTAGE = WORLD.advantage(OLD_POLICY, GAMMA);
const notesOf = (policy) => policy.map((row, cell) => inner(row, OLD_ADVANTAGE[cell]));

// The quarter turns of the cells, the digits in base 4 of one number; goal and trap have no arrow to turn.
const quartersOf = (turns) => range(CELLS).map((cell) => (ABSORBING[cell] ? 0 : Math.floor(turns / 4 ** cell) % 4));

function turnedPolicy(quarters, weight) {
  return OLD_POLICY.map((row, cell) => row.map((p, a) => (1 - weight) * p + weight * row[(a + quarters[cell]) % 4]));
}

// Promise and gain along the weights; those of the last turns are kept, for the slider changes the weight alone.
const alongWeights = { turns: NaN };
function worthAlong(turns, quarters) {
  if (alongWeights.turns === turns) return alongWeights;
  const policies = TURN_WEIGHTS.map((weight) => turnedPolicy(quarters, weight)), notes = policies.map(notesOf);
  return Object.assign(alongWeights, {
    turns,
    promises: notes.map((each) => inner(OLD_VISITS, each)),
    gains: notes.map((each, i) => inner(visitsOf(policies[i]), each)),
  });
}

const signedThree = (x) => pySigned(x, 3).replace(/^-(?=[0.]+$)/, "+");
const turnedSign = (cell, quarters) => (ARROWS[cell] - quarters[cell] + 4) % 4;
// From white to the colour, "#rrggbb".
function shadeOf(color, share) {
  const parts = [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));
  return `rgb(${parts.map((part) => Math.round(255 - share * (255 - part))).join()})`;
}

function drawPolicy(panel, title, policy, visits, quarters, color) {
  const middle = { anchor: "middle", color: LOOK.ink.color };
  panel.axes({ x: [-0.5, SIDE - 0.5], y: [SIDE - 0.1, -0.5], title, equal: true, bare: true });
  for (let cell = 0; cell < CELLS; cell++) {
    const x = cell % SIDE, y = Math.floor(cell / SIDE);
    const share = Math.min(visits[cell] / 2.7, 1), ink = share > 0.9 ? "#FFFFFF" : LOOK.ink.color;
    panel.cell(x - 0.5, y - 0.5, x + 0.5, y + 0.5, { color: shadeOf(color, share) });
    if (ABSORBING[cell]) {
      panel.text(x, y, cell === GOAL ? "goal" : "trap", { ...middle, dy: -8 });
      panel.text(x, y, cell === GOAL ? "+1" : "−1", { ...middle, dy: 8 });
      continue;
    }
    if (quarters[cell]) {
      const [left, right, upper, lower] = [x - 0.46, x + 0.46, y - 0.46, y + 0.46];
      panel.polygon([left, right, right, left], [upper, upper, lower, lower],
        { color: "none", edge: LOOK.ink.color, width: 1.8 });
      panel.text(x, y + 0.3, pyFixed(visits[cell], visits[cell] < 10 ? 2 : 1), { ...middle, small: true, color: ink });
    }
    panel.text(x - 0.4, y - 0.28, cell, { small: true, color: ink });
    MOVES.forEach(([down, right], a) => {
      const length = 0.39 * policy[cell][a];
      if (policy[cell][a] < 0.1) return; // a pixel long: not to be seen
      panel.arrow(x, y - 0.11, x + length * right, y - 0.11 + length * down, { color: ink, width: 1.8, head: 6 });
    });
  }
  panel.text(START % SIDE, SIDE - 0.28, "start", middle);
}

// The world as buttons: a click, Enter, Space or ← turns a cell's arrow to the left by a quarter, → to the right.
function arrowButtons({ label }, changed) {
  let quarters = range(CELLS).map(() => 0), shown = null;
  const turn = (cell, by) =>
    changed(sum(quarters.map((each, i) => ((i === cell ? each + by + 4 : each) % 4) * 4 ** i)));
  const buttons = range(CELLS).map((cell) => {
    const corner = "position: absolute; left: 3px; top: 1px; font-size: 10px; line-height: 1.2; color: var(--muted)";
    const number = element("small", { style: corner }), sign = element("span");
    const button = element("button", { type: "button", style: "position: relative" }, number, sign);
    if (ABSORBING[cell]) {
      sign.textContent = cell === GOAL ? "goal" : "trap";
      sign.style.fontSize = "12px";
      button.disabled = true;
      return { button, sign };
    }
    number.textContent = cell;
    button.setAttribute("tabindex", 0);
    button.addEventListener("click", () => turn(cell, 1));
    button.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: 1, ArrowRight: -1 }[event.key];
      if (!by) return;
      event.preventDefault();
      turn(cell, by);
    });
    return { button, sign };
  });
  const grid = element("div", {
    class: "world", role: "group", style: "flex: none; width: 202px",
    "aria-label": "arrows of the new policy; Enter and ← turn one to the left, → to the right",
  }, ...buttons.map(({ button }) => button));
  const back = element("button", { type: "button", onclick: () => changed(0) }, "all arrows back");
  const side = element("div", { style: "flex: 1 1 130px" }, element("p", { style: "margin-bottom: 8px" }, label),
    element("div", { class: "bar" }, back));
  const look = "display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: flex-start";
  const node = element("div", { style: look }, grid, side);
  function show(turns) {
    if (turns === shown) return;
    [shown, quarters] = [turns, quartersOf(turns)];
    back.disabled = quarters.every((each) => each === 0);
    buttons.forEach(({ button, sign }, cell) => {
      if (ABSORBING[cell]) return;
      const arrow = turnedSign(cell, quarters), turned = quarters[cell] > 0;
      sign.textContent = SIGNS[arrow];
      sign.style = `position: relative; top: 3px; font-size: 19px; line-height: 1; font-weight: ${turned ? 700 : 400}`;
      button.style.background = turned ? "#F4CDB5" : "";
      button.setAttribute("aria-label", `cell ${cell}, arrow ${DIRECTIONS[arrow]}${turned ? ", turned" : ""}`);
    });
  }
  return { node, show };
}

FIGURES.turned_arrows = {
  panels: 3,
  ratio: 1.06,
  lowest: 260,
  highest: 380,
  controls: { arrows: arrowButtons },

  compute({ turns, weight }) {
    const quarters = quartersOf(turns), policy = turnedPolicy(quarters, weight), visits = visitsOf(policy);
    const notes = notesOf(policy), { promises, gains } = worthAlong(turns, quarters);
    return {
      quarters, weight, new: policy, visitsOld: OLD_VISITS, visitsNew: visits, notes,
      promised: inner(OLD_VISITS, notes), gained: inner(visits, notes), promises, gains,
    };
  },

  describe(turned) {
    const { quarters, notes } = turned, weight = pyFixed(turned.weight, 2);
    const cells = range(CELLS).filter((cell) => quarters[cell]);
    if (!cells.length) return `No arrow is turned: the new policy is the old one (weight ${weight}), and gains nothing.`;
    const where = cells.slice(0, 3).map((cell) =>
      `cell ${cell} to ${SIGNS[turnedSign(cell, quarters)]} (Ā = ${signedThree(notes[cell])})`);
    const more = cells.length > 3 ? ` and ${cells.length - 3} more` : "";
    return `Turned with weight ${weight}: ${where.join(", ")}${more}. Counted over the old policy's visits the `
      + `advantage is ${signedThree(turned.promised)}, over the new policy's own visits ${signedThree(turned.gained)}, `
      + "and that is what the return gains.";
  },

  draw(turned, [before, after, gain]) {
    drawPolicy(before, "old policy, its visits", OLD_POLICY, turned.visitsOld, turned.quarters, LOOK.old.color);
    drawPolicy(after, "new policy, its visits", turned.new, turned.visitsNew, turned.quarters, LOOK.new.color);

    const { surrogate, return: truth } = LOOK, size = Math.max(...[...turned.promises, ...turned.gains].map(Math.abs));
    const ladder = range(7).flatMap((i) => [1, 2, 5].map((x) => x * 10 ** (i - 3)));
    const top = turned.quarters.some(Boolean) ? ladder.find((x) => x >= size) : 1;
    gain.axes({ x: [-0.04, 1.04], y: [-1.1 * top, 1.6 * top], title: "gain in J", xLabel: "weight of the turn",
      xTicks: [0, 0.5, 1], yTicks: niceTicks(-1.1 * top, 1.6 * top, 6) });
    gain.hline(0);
    gain.line(TURN_WEIGHTS, turned.gains, truth);
    gain.line(TURN_WEIGHTS, turned.promises, surrogate);
    gain.dots([turned.weight], [turned.promised], { color: surrogate.color, size: 6, hollow: true, clip: false });
    gain.dots([turned.weight], [turned.gained], { color: truth.color, size: 4, clip: false });
    gain.text(0.04, 0.93, "– –  promised, old visits", { frac: true, color: surrogate.color });
    gain.text(0.04, 0.93, "—   true, new visits", { frac: true, color: truth.color, dy: 19 });
  },
};
