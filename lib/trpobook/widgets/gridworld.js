// The book's gridworld, trpobook.finite.mdp.gridworld, and what is solved in it, in float64.

// Solves matrix x = vector by elimination with row exchanges; overwrites both.
function solve(matrix, vector) {
  const n = vector.length;
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(matrix[i][k]) > Math.abs(matrix[pivot][k])) pivot = i;
    [matrix[k], matrix[pivot]] = [matrix[pivot], matrix[k]];
    [vector[k], vector[pivot]] = [vector[pivot], vector[k]];
    for (let i = k + 1; i < n; i++) {
      const factor = matrix[i][k] / matrix[k][k];
      if (factor === 0) continue;
      for (let j = k; j < n; j++) matrix[i][j] -= factor * matrix[k][j];
      vector[i] -= factor * vector[k];
    }
  }
  for (let k = n - 1; k >= 0; k--) {
    for (let j = k + 1; j < n; j++) vector[k] -= matrix[k][j] * vector[j];
    vector[k] /= matrix[k][k];
  }
  return vector;
}

const GRIDWORLD = { side: 5, start: 20, goal: 4, trap: 12, moves: [[-1, 0], [0, 1], [1, 0], [0, -1]] }; // ↑ → ↓ ←

// Cell s is side·row + column, row 0 at the top; a move into a wall stays, goal and trap pay ±1 and end the episode.
function makeGridworld({ side, start, goal, trap, moves }) {
  const live = Array.from({ length: side * side }, (_, s) => s !== goal && s !== trap);
  const target = live.map((alive, s) => moves.map(([down, right]) => {
    const row = Math.floor(s / side) + down, column = (s % side) + right;
    const inside = row >= 0 && row < side && column >= 0 && column < side;
    return alive && inside ? side * row + column : s;
  }));
  const reward = target.map((next, s) => next.map((t) => (live[s] ? (t === goal) - (t === trap) : 0)));

  // I − γP over live cells, or its transpose.
  function future(pi, gamma, transposed = false) {
    const matrix = live.map((_, s) => live.map((_, t) => Number(s === t)));
    pi.forEach((row, s) => row.forEach((probability, a) => {
      const t = target[s][a];
      if (live[s] && live[t]) matrix[transposed ? t : s][transposed ? s : t] -= gamma * probability;
    }));
    return matrix;
  }

  const pay = (pi) => pi.map((row, s) => row.reduce((all, p, a) => all + p * reward[s][a], 0));
  const value = (pi, gamma) => solve(future(pi, gamma), pay(pi));
  const visitation = (pi, gamma) => solve(future(pi, gamma, true), live.map((_, s) => Number(s === start)));

  function advantage(pi, gamma) {
    const V = value(pi, gamma);
    return reward.map((row, s) => row.map((r, a) => (live[s] ? r + gamma * V[target[s][a]] - V[s] : 0)));
  }

  return { live, target, reward, future, value, visitation, advantage };
}
