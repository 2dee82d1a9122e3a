import { describe, expect, it } from 'vitest';
import { narrowSelection } from '../../src/engine/narrow-selection.ts';
import type { TableSchema } from '../../src/model/table.ts';
import { DEFAULT_POLICIES } from '../../src/model/value-policies.ts';

function table(name: string, columns: readonly string[]): TableSchema {
  return {
    schema: 'public',
    name,
    kind: 'table',
    estimatedRows: null,
    estimatedBytes: null,
    objectId: name,
    primaryKey: [],
    candidateKeys: [],
    physicalParts: [],
    remarks: [],
    columns: columns.map((column) => ({ name: column, nativeType: 'text', type: { kind: 'string' }, nullable: true })),
  };
}

const USERS = table('users', ['id', 'Email', 'a.b']);
const ORDERS = table('orders', ['id', 'note']);
const narrow = (asText: string[], which = USERS) =>
  narrowSelection({ include: null, exclude: [], asText, policies: DEFAULT_POLICIES }, which, [USERS, ORDERS]).asText;

describe('column names of a command over several tables', () => {
  it('go to the table they are qualified with, with or without schema and in any case', () => {
    expect(narrow(['users.email'])).toEqual(['email']);
    expect(narrow(['PUBLIC.Users.email'])).toEqual(['email']);
    expect(narrow(['users.email'], ORDERS)).toEqual([]);
  });

  it('go to every table that has them when they are plain', () => {
    expect(narrow(['id'])).toEqual(['id']);
    expect(narrow(['note'])).toEqual([]);
    expect(narrow(['note'], ORDERS)).toEqual(['note']);
  });

  it('stay when no table has them, for the source to refuse', () => {
    expect(narrow(['nope'])).toEqual(['nope']);
    expect(narrow(['users.nope'])).toEqual(['nope']);
  });

  it('may hold dots of their own', () => {
    expect(narrow(['a.b'])).toEqual(['a.b']);
    expect(narrow(['users.a.b'])).toEqual(['a.b']);
  });

  it('must be in the table when they are the ones to take', () => {
    const typed = { include: ['note'], exclude: [], asText: [], policies: DEFAULT_POLICIES };
    const include = narrowSelection(typed, USERS, [USERS, ORDERS]).include;
    expect(include).toEqual(['note']);
  });
});
