/**
 * What is done with values that no file type holds as they are. Each is a flag; the defaults refuse or keep, and nothing is
 * replaced without being counted.
 */
export interface ValuePolicies {
  /**
   * Dates that no calendar has (`0000-00-00`, `2024-00-15`, `2024-02-31`): fail – the run ends at the first, which is named; null – NULL,
   * counted per column; text – all columns of date types are written as text.
   */
  readonly zeroDates: 'fail' | 'null' | 'text';
  /** `TINYINT(1)`: integer, or boolean when the user says that the column only holds 0 and 1 (any other value is then an error). */
  readonly tinyint1: 'integer' | 'boolean';
}

export const DEFAULT_POLICIES: ValuePolicies = { zeroDates: 'fail', tinyint1: 'integer' };
