import { expect, it } from 'vitest';

/** Cases by name, and why a server fails them. */
export type Exceptions = Readonly<Record<string, string>>;

export interface ExceptionalCases {
  /** As `it`, but a case among the exceptions must fail. */
  readonly it: (name: string, run: () => Promise<void>) => void;
  /** After all cases: a name that no case has is stale and fails the suite. */
  readonly checkNames: () => void;
}

/** Tests of which some are known to fail: one that passes all the same is an exception that is no longer needed, which fails. */
export function casesExcept(exceptions: Exceptions): ExceptionalCases {
  const seen = new Set<string>();
  return {
    it(name, run) {
      seen.add(name);
      const reason = exceptions[name];
      it(`${name}${reason === undefined ? '' : ` (fails: ${reason})`}`, async () => {
        const failure = await run().then(
          () => null,
          (error: unknown) => error ?? new Error('failed without an error'),
        );
        if (reason === undefined && failure !== null) throw failure;
        expect(failure !== null, 'a stale exception: the case passes').toBe(reason !== undefined);
      });
    },
    checkNames() {
      it('has no exception for a case that does not exist', () => {
        expect(Object.keys(exceptions).filter((each) => !seen.has(each))).toEqual([]);
      });
    },
  };
}
