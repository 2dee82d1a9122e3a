import { expect, it } from 'vitest';
import { sqlServerDriver } from '../../../src/sources/sqlserver/index.ts';
import { CursorJob } from '../../conformance/cursor-job.ts';
import { codeOf } from '../../conformance/cursors.suite.ts';
import { TdsStandIn } from '../../support/tds-stand-in/server.ts';
import { type StandInTable, tableHandler } from '../../support/tds-stand-in/table-engine.ts';
import { int, nvarchar } from '../../support/tds-stand-in/wire-types.ts';

const TABLES: readonly StandInTable[] = [
  {
    name: 'numbers',
    columns: [{ name: 'id', typeName: 'int', maxLength: 4, notNull: true, wire: int }],
    rows: () => [[1], [41]],
  },
];

it('a session asks for its bound outside of any transaction, and names what the server refuses', async () => {
  let denied = 300;
  const tables = tableHandler(TABLES);
  await using standIn = await TdsStandIn.start(async (sql, answer) => {
    if (sql.includes('sqlextract:cursor-largest'))
      return answer.result([{ name: 'largest', type: nvarchar(20) }], [['41']]);
    if (sql.includes('sqlextract:transactions')) {
      await answer.error({ number: denied, message: 'permission was denied' });
      return answer.done({ count: null, error: true });
    }
    return tables(sql, answer);
  });
  const config = sqlServerDriver.parse({ url: standIn.url, environment: {} });
  await using session = await sqlServerDriver.open(config, 'coordinator');
  const job = await CursorJob.over(session, { schema: 'dbo', name: 'numbers' }, 'ID');
  expect(job.column).toEqual({ name: 'id', kind: 'integer', nativeType: 'int', nullable: false });
  const before = standIn.statements.length;
  const bound = await job.bound();
  expect(bound).toMatchObject({ to: { value: '41', inclusive: true }, next: null });
  expect(bound.promise).toContain('GRANT VIEW SERVER STATE');
  expect(standIn.statements[before]).toContain('IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION');
  denied = 1205;
  expect(await codeOf(job.bound())).toBe('SOURCE_CONFLICT');
});
