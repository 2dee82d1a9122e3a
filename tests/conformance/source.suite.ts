import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SourceSession } from '../../src/sources/source.ts';
import type { SourceFixture } from './source-fixture.ts';
import { describesTables } from './source-describes.ts';
import { readsQueries } from './source-queries.ts';
import { readsRanges } from './source-reads.ts';
import { snapshots } from './source-snapshots.ts';
import { splitsKeys } from './source-splits.ts';

/** What a case gets: the database, and a session on it that is closed after all of them. */
export interface SourceContext {
  readonly fixture: SourceFixture;
  readonly session: SourceSession;
}

export type SourceCase = (name: string, run: (context: SourceContext) => Promise<void>) => void;

/**
 * The contract of `SourceDriver` as tests, the same for every database.
 *
 * `exceptions` names cases that a driver fails, with the reason. Such a case must fail: one that passes, and a name that no case has, is
 * stale and fails the suite.
 */
export function sourceSuite(
  name: string,
  makeFixture: () => Promise<SourceFixture>,
  exceptions: Readonly<Record<string, string>> = {},
): void {
  describe(`source contract: ${name}`, () => {
    let fixture: SourceFixture;
    let session: SourceSession;
    const seen = new Set<string>();

    beforeAll(async () => {
      fixture = await makeFixture();
      session = await fixture.driver.open(fixture.config, 'coordinator');
    });

    afterAll(async () => {
      await session?.[Symbol.asyncDispose]();
      await fixture?.[Symbol.asyncDispose]();
    });

    const addCase: SourceCase = (caseName, run) => {
      seen.add(caseName);
      const reason = exceptions[caseName];
      it(`${caseName}${reason === undefined ? '' : ` (fails: ${reason})`}`, async () => {
        const failure = await run({ fixture, session }).then(
          () => null,
          (error: unknown) => error ?? new Error('failed without an error'),
        );
        if (reason === undefined && failure !== null) throw failure;
        expect(failure !== null, 'a stale exception: the case passes').toBe(reason !== undefined);
      });
    };

    describesTables(addCase);
    splitsKeys(addCase);
    readsRanges(addCase);
    readsQueries(addCase);
    snapshots(addCase);

    it('has no exception for a case that does not exist', () => {
      expect(Object.keys(exceptions).filter((each) => !seen.has(each))).toEqual([]);
    });
  });
}
