// Lesson 12: the ratios of one batch over the epochs of an update, and the KL up to there.

// The largest KL(old‖new) of a policy all of whose ratios lie in [1 − ε, 1 + ε]: equation (12.10).
const fenceOf = (clip) => -Math.log(1 - clip ** 2) / 2;
const nearestTo = (xs, x) => argmin(xs.map((each) => Math.abs(each - x)));

// f"{x:.0e}"
const inPowersOfTen = (x) => x.toExponential(0).replace(/e([+-])(\d)$/, "e$10$2");

// Where words of some width beside a horizontal line at `y` are furthest from the curve: arguments of panel.text.
function besideTheLine(panel, heights, y, width, words) {
  const last = heights.length - 1, unit = (panel.right - panel.left) / last;
  const places = [["end", -12], ["end", 13], ["start", -12], ["start", 13]].map(([anchor, dy]) => {
    const from = anchor === "end" ? panel.right - 8 - width : panel.left + 8;
    const there = linspace((from - panel.left) / unit, (from + width - panel.left) / unit, 12).filter((x) => x >= 1);
    const gaps = there.map((x) => {
      const k = Math.min(Math.floor(x), last - 1);
      return Math.abs(panel.y(heights[k] + (x - k) * (heights[k + 1] - heights[k])) - panel.y(y) - dy);
    });
    return { anchor, dy, gap: Math.min(40, ...gaps) };
  });
  const { anchor, dy } = places[argmax(places.map(({ gap }) => gap))];
  return [anchor === "end" ? last : 0, y, words, { anchor, dx: anchor === "end" ? -8 : 8, dy }];
}

FIGURES.ratio_dial = {
  panels: 2,

  compute({ clip, log_rate: logRate, epoch }, data) {
    const i = nearestTo(data.clips, clip), j = nearestTo(data.log_rates, logRate), k = Math.round(epoch);
    const [counts, outside, smallest, largest] = data.moments[i][j][k];
    return {
      clip: data.clips[i], learningRate: data.learning_rates[j], epoch: k, shares: counts.map((n) => n / data.rows),
      outside, smallest, largest, kl: data.kl[i][j],
    };
  },

  describe(moment) {
    const epochs = moment.epoch === 1 ? "1 epoch" : `${moment.epoch} epochs`;
    return `ε = ${pyGeneral(moment.clip)}, learning rate ${inPowersOfTen(moment.learningRate)}, after ${epochs}: `
      + `${pyPercent(moment.outside, 1)} of the ratios are outside the band, the largest is ${pyFixed(moment.largest, 2)}, `
      + `the smallest ${pyFixed(moment.smallest, 2)}; KL ${pyFixed(moment.kl[moment.epoch], 4)} nats.`;
  },

  draw({ clip, epoch, shares, outside, kl }, [left, right], { top }) {
    left.axes({ x: [0, top], y: [0, 0.5], title: "ratios of the batch", xLabel: "ratio new/old",
      yLabel: "share of the batch", xTicks: niceTicks(0, top, 5), yTicks: niceTicks(0, 0.5, 5) });
    left.band({ x: [1 - clip, 1 + clip] });
    const edges = linspace(0, top, shares.length + 1), sides = edges.slice(1).flatMap((edge, i) => [edges[i], edge]);
    left.area(sides, sides.map(() => 0), shares.flatMap((share) => [share, share]), { color: LOOK.old.color, opacity: 1 });
    left.vline(1, { ...LOOK.ink, width: 1 });
    left.text(0.97, 0.92, `outside: ${pyPercent(outside)}`, { frac: true, color: LOOK.ink.color, anchor: "end" });

    const epochs = range(kl.length), heights = kl.map(Math.log10), last = kl.length - 1, fence = fenceOf(clip);
    right.axes({ x: [0, last], y: [-4.6, 1], title: "its KL, 0 before the first", xLabel: "epochs",
      yLabel: "KL(old‖new), nats", xTicks: niceTicks(0, last, 5), yTicks: powersOfTen(-4, 1) });
    right.hline(Math.log10(fence), LOOK.bound);
    right.line(epochs.slice(1), heights.slice(1), LOOK.old);
    const words = right.right - right.left < 270 ? "a fence's largest KL" : "the most that a fence would allow";
    right.text(...besideTheLine(right, heights, Math.log10(fence), 7 * words.length, words));
    if (epoch) right.dots([epoch], [heights[epoch]], { color: LOOK.old.color, size: 5, clip: heights[epoch] > 1 });
  },
};
