// Lesson 14: the frontier between reward and distance to the reference.

const BETAS = logspace(1, -1.3, 60);
const WORDS = ["the", "cat", "dog", "sat", "ran", "."], STOP = 5, LONGEST = 5;
// What word follows what: rows are the word before (the last: none), columns the word.
const GRAMMAR = [
  [0.01, 0.27, 0.68, 0.015, 0.015, 0.01],
  [0.01, 0.01, 0.01, 0.45, 0.45, 0.07],
  [0.01, 0.01, 0.01, 0.45, 0.45, 0.07],
  [0.04, 0.01, 0.01, 0.01, 0.01, 0.92],
  [0.06, 0.01, 0.01, 0.01, 0.01, 0.90],
  [0.83, 0.04, 0.09, 0.01, 0.01, 0.02],
];

// Every sentence as a list of the words' numbers, the short ones first: it ends with "." or with its fifth word.
function allSentences() {
  let prefixes = [[]];
  const sentences = [];
  for (let length = 0; length < LONGEST; length++) {
    for (const prefix of prefixes) {
      const last = length < LONGEST - 1 ? [STOP] : range(WORDS.length);
      for (const word of last) sentences.push([...prefix, word]);
    }
    prefixes = prefixes.flatMap((prefix) => range(STOP).map((word) => [...prefix, word]));
  }
  return sentences;
}

const SENTENCES = allSentences();
const TEXTS = SENTENCES.map((sentence) => sentence.map((word) => WORDS[word]).join(" "));
const LOG_GRAMMAR = GRAMMAR.map((row) => row.map(Math.log));
const REFERENCE = SENTENCES.map((sentence) =>
  Math.exp(sum(sentence.map((word, t) => LOG_GRAMMAR[t ? sentence[t - 1] : STOP][word]))));
const CATS = SENTENCES.map((sentence) => sentence.filter((word) => WORDS[word] === "cat").length);
const WISHED = TEXTS.map((text) => Number(text === "the cat sat ." || text === "the cat ran ."));

// Wish, cats and probability of each kind of sentence: the reward knows no other difference.
const KINDS = [[0, 0], [0, 1], [0, 2], [0, 3], [0, 4], [0, 5], [1, 1]].map(([wished, cats]) => ({
  wished, cats, log: Math.log(sum(REFERENCE.filter((_, i) => WISHED[i] === wished && CATS[i] === cats))),
}));
const KIND_LOGS = KINDS.map((kind) => kind.log);
const LOG_REFERENCE = REFERENCE.map(Math.log);

// π* ∝ π_ref exp(R/β), and E R − β KL(π*‖π_ref).
function optimalLaw(logReference, reward, beta) {
  const best = reward.reduce((a, b) => Math.max(a, b));
  const weights = logReference.map((log, i) => Math.exp(log + (reward[i] - best) / beta)), all = sum(weights);
  return [weights.map((w) => w / all), best + beta * Math.log(all)];
}

// KL(π*‖π_ref) in nats, reward over its maximum, wish.
function frontierAt(flaw, beta) {
  const reward = KINDS.map((kind) => (1 - flaw) * kind.wished + flaw * kind.cats);
  const [best, value] = optimalLaw(KIND_LOGS, reward, beta), paid = inner(best, reward);
  return [(paid - value) / beta, paid / Math.max(...reward), sum(best.map((p, i) => p * KINDS[i].wished))];
}

// The likeliest sentences; many are as likely as others, and the first of them comes first.
function likeliest(probabilities, count) {
  const rounded = probabilities.map((p) => Math.round(p * 1e12));
  return range(count).map(() => {
    const top = argmax(rounded);
    rounded[top] = -1;
    return top;
  });
}
const USUAL = likeliest(REFERENCE, 5);

FIGURES.frontier = {
  panels: 2,
  ratio: 0.8,
  lowest: 330,

  compute({ log_beta: logBeta, flaw }) {
    const beta = 10 ** logBeta, reward = CATS.map((cats, i) => (1 - flaw) * WISHED[i] + flaw * cats);
    return {
      beta, flaw, reference: REFERENCE, best: optimalLaw(LOG_REFERENCE, reward, beta)[0],
      here: frontierAt(flaw, beta), along: BETAS.map((b) => frontierAt(flaw, b)),
    };
  },

  describe({ beta, flaw, best, here: [kl, reward, wished] }) {
    const top = argmax(best);
    return `β = ${pyGeneral(beta, 3)}, share of the flaw ${pyPercent(flaw)}: the best policy is `
      + `${pyFixed(kl, 2)} nats from the reference, earns ${pyPercent(reward)} of the largest reward, and grants the `
      + `wish with ${pyPercent(wished)}. Its likeliest sentence is “${TEXTS[top]}”, with ${pyPercent(best[top])}.`;
  },

  draw({ reference, best, here, along }, [left, right]) {
    const kl = along.map((row) => row[0]);
    left.axes({ x: [-0.6, 23], y: [-0.03, 1.24], title: "what is paid, what was wanted",
      xLabel: "KL(π*‖π_ref), nats", xTicks: [0, 5, 10, 15, 20], yTicks: [0, 0.2, 0.4, 0.6, 0.8, 1] });
    left.line(kl, along.map((row) => row[1]), LOOK.surrogate);
    left.line(kl, along.map((row) => row[2]), LOOK.return);
    left.dots([here[0]], [here[1]], { color: LOOK.surrogate.color, size: 5, shape: "s", clip: false });
    left.dots([here[0]], [here[2]], { color: LOOK.return.color, size: 6, clip: false });
    const paid = left.right - left.left < 260 ? "reward" : "programmed reward";
    left.text(22.6, 1.18, `■  ${paid} / its maximum`, { color: LOOK.surrogate.color, anchor: "end" });
    left.text(22.6, 1.09, "●  wish granted", { color: LOOK.return.color, anchor: "end" });

    const first = likeliest(best, 4), shown = [...first, USUAL.find((i) => !first.includes(i))];
    right.axes({ x: [0, 1], y: [-0.55, 5.15], title: "likeliest sentences", xLabel: "probability",
      xTicks: [0, 0.2, 0.4, 0.6, 0.8, 1], yTicks: [] });
    right.text(0.02, 4.84, "■ reference", { color: LOOK.old.color });
    right.text(0.02, 4.84, "▨ best policy π*", { color: LOOK.new.color, dx: 96 });
    shown.forEach((number, i) => {
      const row = 4 - i;
      right.hline(row + 0.5, { ...LOOK.faint, width: 1 });
      right.text(0.02, row + 0.25, TEXTS[number]);
      right.line([0, reference[number]], [row - 0.04, row - 0.04], { color: LOOK.old.color, width: 9 });
      right.line([0, best[number]], [row - 0.28, row - 0.28], { color: LOOK.new.color, width: 9, dash: "4.5 2" });
    });
  },
};
