const MOST_SHOWN = 3;

/** Up to three names that a person may have meant, nearest first: without regard to case, a third of the letters may differ. */
export function nearestNames(typed: string, names: Iterable<string>): readonly string[] {
  const wanted = typed.toLowerCase();
  return [...new Set(names)]
    .map((name) => ({ name, distance: editDistance(wanted, name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= Math.max(1, Math.ceil(Math.max(name.length, wanted.length) / 3)))
    .sort((one, other) => one.distance - other.distance || (one.name < other.name ? -1 : 1))
    .slice(0, MOST_SHOWN)
    .map(({ name }) => name);
}

/** Null when none is near. */
export function nearestName(typed: string, names: Iterable<string>): string | null {
  return nearestNames(typed, names)[0] ?? null;
}

/** `did you mean a, b?`, or what there is when nothing is near. */
export function didYouMean(typed: string, names: readonly string[]): string {
  const near = nearestNames(typed, names);
  if (near.length > 0) return `did you mean ${near.join(', ')}?`;
  if (names.length === 0) return 'there are none';
  return `there are: ${names.slice(0, 10).join(', ')}${names.length > 10 ? ', …' : ''}`;
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
export function editDistance(from: string, to: string): number {
  const width = to.length + 1;
  let twoBack: number[] = [];
  let previous = Array.from({ length: width }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column < width; column += 1) {
      const same = from[row - 1] === to[column - 1];
      const replaced = (previous[column - 1] ?? 0) + (same ? 0 : 1);
      const swapped =
        row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
          ? (twoBack[column - 2] ?? 0) + 1
          : Infinity;
      current.push(Math.min(replaced, swapped, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    twoBack = previous;
    previous = current;
  }
  return previous[to.length] ?? 0;
}
