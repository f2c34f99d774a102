/** Finds the name that somebody meant when they wrote one that does not exist. */

/**
 * Edits (insert, delete, replace, swap two neighbours) from `a` to `b`: the optimal string alignment
 * distance.
 */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = previous[column - 1] + (a[row - 1] === b[column - 1] ? 0 : 1);
      current[column] = Math.min(previous[column] + 1, current[column - 1] + 1, replaced);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        current[column] = Math.min(current[column], beforePrevious[column - 2] + 1);
      }
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length];
}

/** The candidate nearest to `written`, or null when none is near enough to be what was meant. */
export function nearest(written: string, candidates: readonly string[]): string | null {
  const limit = Math.max(1, Math.floor(written.length / 3));
  const ranked = candidates
    .map((candidate) => ({
      candidate,
      distance: editDistance(written.toLowerCase(), candidate.toLowerCase()),
    }))
    .sort((x, y) => x.distance - y.distance);
  return ranked[0] && ranked[0].distance <= limit ? ranked[0].candidate : null;
}

/** `: did you mean 'trials'?`, or `; allowed: a, b, c`. */
export function suggestion(written: string, candidates: readonly string[]): string {
  const meant = nearest(written, candidates);
  return meant === null ? `; allowed: ${candidates.join(', ')}` : `: did you mean '${meant}'?`;
}
