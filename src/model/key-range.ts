/** The values of one key, a text per key column, exactly as the server rendered them. Never compared outside the server. */
export type KeyTuple = readonly string[];

/**
 * What one chunk reads. A plan over a key is `(-∞,b1) [b1,b2) … [bn,+∞)` plus one `null` range when the key can be NULL,
 * so that every row, also one inserted after planning, is in exactly one range.
 */
export type KeyRange =
  /** The whole table in one stream. */
  | { readonly kind: 'all' }
  /** Rows with a NULL in any key column. */
  | { readonly kind: 'null' }
  /** Keys k with `from` ≤ k < `to`; null is an open end. Rows with a NULL key column are never in it. */
  | { readonly kind: 'between'; readonly from: KeyTuple | null; readonly to: KeyTuple | null }
  /** Blocks of one relation's storage, [fromBlock, toBlock); meaningful only inside the snapshot it was planned in. */
  | {
      readonly kind: 'physical';
      readonly relation: string;
      readonly fromBlock: number;
      readonly toBlock: number | null;
    };

export function describeRange(range: KeyRange): string {
  switch (range.kind) {
    case 'all':
      return 'all rows';
    case 'null':
      return 'rows without a key';
    case 'between':
      return `[${range.from?.join(', ') ?? '-∞'}, ${range.to?.join(', ') ?? '+∞'})`;
    case 'physical':
      return `blocks [${range.fromBlock}, ${range.toBlock ?? 'end'}) of ${range.relation}`;
    default:
      return range satisfies never;
  }
}
