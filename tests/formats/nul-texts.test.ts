import fc from 'fast-check';
import { expect, test } from 'vitest';
import { csvFormat } from '../../src/formats/csv.ts';
import { parquetFormat } from '../../src/formats/parquet.ts';
import { nulTextsOf, sumOfNulTexts } from '../../src/model/nul-texts.ts';
import { encodeRows } from '../support/encode.ts';

const TYPES = [{ kind: 'string' }, { kind: 'binary' }, { kind: 'json' }, { kind: 'int32' }] as const;
const COLUMNS = TYPES.map((type, index) => ({ name: `c${index}`, type }));
const text = fc.option(fc.string({ unit: fc.constantFrom('a', '\0', 'é', '😀'), maxLength: 5 }), { freq: 4 });
const row = fc.tuple(text, fc.uint8Array({ maxLength: 3, max: 1 }), text, fc.constant(0));

test.each([csvFormat, parquetFormat])('texts that hold U+0000 are counted, and only texts: $name', async (format) => {
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 20 }), async (rows) => {
      const { summary } = await encodeRows(format, COLUMNS, rows, {}, [3, 1, 7]);
      const count = (index: 0 | 2) => rows.filter((cells) => cells[index]?.includes('\0')).length;
      expect(summary.nulTexts).toEqual([count(0), 0, count(2), 0]);
    }),
    { numRuns: 60 },
  );
});

test('counts of files are left out where there are none, and summed where some have them', () => {
  expect(nulTextsOf([0, 0])).toEqual({});
  expect(sumOfNulTexts([{}, {}])).toEqual({});
  expect(sumOfNulTexts([nulTextsOf([0, 2]), {}, nulTextsOf([1, 3])])).toEqual({ nulTexts: [1, 5] });
});
