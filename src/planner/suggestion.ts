import type { Strategy } from '../model/cursor.ts';

/** How a table is best extracted again and again: what changed, or all of it. */
export type Suggestion = IncrementalSuggestion | FullSuggestion;

export interface IncrementalSuggestion {
  readonly kind: 'incremental';
  /** The column, as the catalog spells it. */
  readonly by: string;
  readonly strategy: Strategy;
  /** Columns that tell rows apart; empty when none are known to. */
  readonly uniqueKey: readonly string[];
  /** One sentence. */
  readonly reason: string;
  /** What a person has to know or decide before relying on it. */
  readonly cautions: readonly Caution[];
}

export interface FullSuggestion {
  readonly kind: 'full';
  readonly reason: string;
  /** For when the table has grown; null: nothing to go by. */
  readonly later: IncrementalSuggestion | null;
}

export interface Caution {
  readonly about: 'index' | 'null' | 'zone' | 'resolution' | 'text' | 'order' | 'key' | 'updates' | 'deletes';
  /** One sentence. */
  readonly text: string;
}
