import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { filesByBytes, filesBySession } from '../../src/ingest/group-files.ts';
import type { LoadFile } from '../../src/ingest/ingest-plan.ts';

const someFiles = fc.array(fc.nat({ max: 1000 }), { maxLength: 40 }).map((sizes) => sizes.map(fileOf));

function fileOf(bytes: number, index: number): LoadFile {
  const number = index + 1;
  return { number, name: `part-${number}`, path: `/f/part-${number}`, rows: 1, bytes, sha256: 'ab'.repeat(32) };
}

const sum = (files: readonly LoadFile[]): number => files.reduce((total, { bytes }) => total + bytes, 0);

describe('files by session', () => {
  test('each file once, in order, in no more lists than sessions, none empty', () => {
    fc.assert(
      fc.property(someFiles, fc.integer({ min: 0, max: 9 }), (files, sessions) => {
        const lists = filesBySession(files, sessions);
        expect(lists.flat().toSorted((one, other) => one.number - other.number)).toEqual(files);
        expect(lists.length).toBeLessThanOrEqual(Math.max(1, sessions));
        for (const list of lists) {
          expect(list.length).toBeGreaterThan(0);
          expect(list).toEqual(list.toSorted((one, other) => one.number - other.number));
        }
      }),
    );
  });

  test('no list is longer than the fair share and one more file', () => {
    fc.assert(
      fc.property(someFiles, fc.integer({ min: 1, max: 9 }), (files, sessions) => {
        const largest = Math.max(0, ...files.map(({ bytes }) => bytes));
        for (const list of filesBySession(files, sessions)) {
          expect(sum(list)).toBeLessThanOrEqual(sum(files) / sessions + largest);
        }
      }),
    );
  });
});

describe('files by bytes', () => {
  test('each file once and in order; a list of several is within the bytes and the count', () => {
    fc.assert(
      fc.property(
        someFiles,
        fc.integer({ min: 1, max: 3000 }),
        fc.integer({ min: 1, max: 6 }),
        (files, bytes, most) => {
          const lists = filesByBytes(files, bytes, most);
          expect(lists.flat()).toEqual(files);
          for (const list of lists) {
            expect(list.length).toBeLessThanOrEqual(most);
            if (list.length > 1) expect(sum(list)).toBeLessThanOrEqual(bytes);
          }
        },
      ),
    );
  });

  test('a list ends only where the next file has no room', () => {
    const lists = filesByBytes([400, 400, 400, 1000, 1].map(fileOf), 800, 10);
    expect(lists.map((list) => list.map(({ bytes }) => bytes))).toEqual([[400, 400], [400], [1000], [1]]);
  });
});
