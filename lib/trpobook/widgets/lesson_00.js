// Lesson 00: step size against survival, from stored runs.

const CLIFF_ARMS = {
  "TRPO": "trpo",
  "TRPO without its line search": "direction",
  "plain gradient, as long as δ": "length",
};
const CLIFF_LOOKS = {
  "fixed step": LOOK.new, length: LOOK.variation, direction: { color: LOOK.surrogate.color, dash: "2 2" }, trpo: LOOK.old,
};
const FURTHEST_NATS = 10 ** 2.5; // an infinite KL is drawn here

const cliffSurvivors = (family) =>
  family.returns.map((seeds) => seeds.filter((log) => log[log.length - 1] >= log[0] / 2).length);
const cliffNats = (family) => family.nats.map((nats) => nats ?? Infinity);

function cliffFate(family, logSize) {
  const place = argmin(family.sizes.map((size) => Math.abs(Math.log10(size) - logSize)));
  const returns = family.returns[place];
  return {
    size: family.sizes[place], nats: cliffNats(family)[place], alive: cliffSurvivors(family)[place],
    median: median(returns.map((log) => log[log.length - 1])), returns,
  };
}

FIGURES.step_size = {
  panels: 2,

  compute({ log_alpha: logAlpha, rule, log_delta: logDelta }, data) {
    const plain = data["fixed step"], other = data[CLIFF_ARMS[rule]];
    return {
      rule, plain: cliffFate(plain, logAlpha), other: cliffFate(other, logDelta),
      plainNats: cliffNats(plain), plainAlive: cliffSurvivors(plain),
      otherNats: cliffNats(other), otherAlive: cliffSurvivors(other),
    };
  },

  describe(choice) {
    const seeds = choice.plain.returns.length;
    const say = (name, found, asked) => `${name} = ${pyGeneral(found.size, 2)}${asked}: ${found.alive} of ${seeds} seeds `
      + `survive, median of their last returns ${pyFixed(found.median, 0)}.`;
    return `${say("Plain gradient, α", choice.plain, ` (first step ${pyGeneral(choice.plain.nats, 2)} nats)`)} `
      + say(`${choice.rule}, δ`, choice.other, " nats");
  },

  draw(choice, [left, right]) {
    const looks = [CLIFF_LOOKS["fixed step"], CLIFF_LOOKS[CLIFF_ARMS[choice.rule]]];
    const seeds = choice.plain.returns.length, updates = range(choice.plain.returns[0].length), last = updates.length - 1;
    left.axes({ x: [0, last], y: [0, 600], title: `${seeds} seeds, and their medians`, xLabel: "updates since the ways part",
      yLabel: "steps balanced", xTicks: [0, 5, 10, 15, 20, 25], yTicks: [0, 100, 200, 300, 400, 500] });
    [choice.plain, choice.other].forEach((found, i) => {
      for (const log of found.returns) left.line(updates, log, { ...looks[i], width: 0.8, opacity: 0.5 });
      const middle = updates.map((t) => median(found.returns.map((log) => log[t])));
      left.line(updates, middle, { color: looks[i].color, width: 3.5 });
    });
    const narrow = left.right - left.left < 330, rule = choice.rule.replace("plain gradient, as", "as");
    left.text(1, 0.965, "plain gradient", { frac: true, color: looks[0].color, anchor: "end" });
    left.text(0, 0.965, narrow ? rule.replace("TRPO without its line search", "no line search") : rule,
      { frac: true, color: looks[1].color, dx: 4 });

    right.axes({ x: [-4.2, 2.7], y: [-0.05, 1.1], title: "size against survival", xLabel: "KL asked of the first step, nats",
      yLabel: "share of seeds that survive", xTicks: powersOfTen(-4, 2),
      yTicks: [[0, "0"], [0.25, "¼"], [0.5, "½"], [0.75, "¾"], [1, "1"]] });
    const place = (nats) => Math.log10(Math.min(nats, FURTHEST_NATS));
    const pairs = [[choice.plain, choice.plainNats, choice.plainAlive], [choice.other, choice.otherNats, choice.otherAlive]];
    pairs.forEach(([found, nats, alive], i) => {
      right.line(nats.map(place), alive.map((n) => n / seeds), looks[i]);
      right.dots(nats.map(place), alive.map((n) => n / seeds), { color: looks[i].color, size: 3 });
      right.dots([place(found.nats)], [found.alive / seeds], { color: looks[i].color, size: 7 });
    });
  },
};
