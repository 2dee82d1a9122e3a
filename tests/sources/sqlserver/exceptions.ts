import type { Exceptions } from '../../conformance/expected-failures.ts';
import { isBabelfish, sqlServerUrl } from '../../support/sqlserver-server.ts';

type Suite = 'contract' | 'cursors' | 'catalog' | 'keys' | 'snapshots' | 'checklist';

const BLANKS = "under every collation '' and ' ' are one key, which the primary key of the case refuses";

/** Of every server of this kind; text keys have a test of their own in keys.test.ts. */
const OF_ALL: Partial<Record<Suite, Exceptions>> = {
  contract: {
    'ranges over a key hold every row once: text': BLANKS,
    'ranges over a key hold every row once: bigint and text': BLANKS,
  },
};

const UNSEEN = 'Babelfish has no list of open transactions, and the bound is that of --cursor-lag alone';

/** All that Babelfish for PostgreSQL does not have or does otherwise: each is run there, and must fail. */
const OF_BABELFISH: Readonly<Record<Suite, Exceptions>> = {
  contract: {
    'takes names with emoji': 'Babelfish has a question mark in its catalog for what is not in code page 1252',
    'hostile column names of a query are exact': 'the same question mark in what it says of a query',
    'columns of a query without a name of their own are refused by name':
      'Babelfish makes a view of the query and refuses it by itself when a name is double',
  },
  cursors: {
    '49: a transaction that stamps before the end of a window and commits after it is delivered by a later one': UNSEEN,
    '49: of whole numbers the bound waits for those who may have drawn a smaller one, or names them': UNSEEN,
    'a lag keeps the bound behind the oldest transaction as well: a clock that is behind stamps before that began':
      UNSEEN,
  },
  catalog: {
    'refuses what the server would silently change (masks, row security)': 'Babelfish has neither',
    'names the table behind a synonym': 'Babelfish has no synonyms',
  },
  keys: {
    'leave out filtered and disabled indexes': 'Babelfish does not tell of filters, and disables no index',
  },
  snapshots: {
    'are not had where the database does not allow them, and the way out is said (checklist 41)':
      'Babelfish always allows them',
    'that begin together behind locks are one state for several readers': 'Babelfish takes the hints and locks nothing',
    'are proven unchanged by row versions, and only by them': 'Babelfish lacks min_active_rowversion',
  },
  checklist: {
    '36. a datetimeoffset keeps its seventh digit': 'Babelfish rounds to six digits',
    '43. a lone surrogate in nvarchar is reported, never replaced': 'Babelfish keeps UTF-8, which has none',
  },
};

/** Those of one suite on the server of the tests; none without a server. */
export async function exceptionsOf(suite: Suite): Promise<Exceptions> {
  const all = OF_ALL[suite] ?? {};
  if (sqlServerUrl() === null) return all;
  return (await isBabelfish()) ? { ...all, ...OF_BABELFISH[suite] } : all;
}
