import { afterAll, beforeAll, describe } from 'vitest';
import type { SourceSession } from '../../src/sources/source.ts';
import { casesExcept, type Exceptions } from './expected-failures.ts';
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
 * `exceptions` names cases that a driver fails, and must fail, with the reason (expected-failures.ts).
 */
export function sourceSuite(
  name: string,
  makeFixture: () => Promise<SourceFixture>,
  exceptions: Exceptions = {},
): void {
  describe(`source contract: ${name}`, () => {
    let fixture: SourceFixture;
    let session: SourceSession;
    const cases = casesExcept(exceptions);

    beforeAll(async () => {
      fixture = await makeFixture();
      session = await fixture.driver.open(fixture.config, 'coordinator');
    });

    afterAll(async () => {
      await session?.[Symbol.asyncDispose]();
      await fixture?.[Symbol.asyncDispose]();
    });

    const addCase: SourceCase = (caseName, run) => cases.it(caseName, () => run({ fixture, session }));

    describesTables(addCase);
    splitsKeys(addCase);
    readsRanges(addCase);
    readsQueries(addCase);
    snapshots(addCase);

    cases.checkNames();
  });
}
