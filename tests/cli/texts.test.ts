import { describe, expect, test } from 'vitest';
import { formatBytes, formatCount, formatCounted, formatSeconds } from '../../src/cli/amounts.ts';
import { alignColumns } from '../../src/cli/columns.ts';
import { printable, printableLines } from '../../src/cli/printable.ts';
import { fitWidth, textWidth } from '../../src/cli/text-width.ts';

test('names can neither clear the screen nor forge a line', () => {
  expect(printable('x\u001b[2J\u0007y')).toBe('x\\x1b[2J\\x07y');
  expect(printable('a\nError: forged\r\t')).toBe('a\\nError: forged\\r\\t');
  expect(printable('\u202etxt.exe\u2028\u009b1m\ud800')).toBe('\\u202etxt.exe\\u2028\\x9b1m\\ud800');
  expect(printable('größe 用户 🙂 "quoted" \\N')).toBe('größe 用户 🙂 "quoted" \\N');
  expect(printableLines('one\n\u001btwo')).toBe('one\n\\x1btwo');
});

test('the width of a text on a terminal', () => {
  expect(textWidth('abc')).toBe(3);
  expect(textWidth('用户')).toBe(4);
  expect(textWidth('e\u0301🙂')).toBe(3);
  expect(fitWidth('用户表', 6)).toBe('用户表');
  expect(fitWidth('用户表', 5)).toBe('用户…');
  expect(fitWidth('abcdef', 4)).toBe('abc…');
  expect(fitWidth('abc', 0)).toBe('');
});

test('columns are aligned by width, numbers to the right', () => {
  const heads = [{ title: 'TABLE' }, { title: 'ROWS', align: 'right' as const }];
  expect(
    alignColumns(heads, [
      ['用户', '1'],
      ['a\nb', '1,000'],
    ]),
  ).toEqual(['TABLE   ROWS', '用户       1', 'a\\nb   1,000'].map((line) => line));
});

describe('amounts', () => {
  test.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1000, '1.00 kB'],
    [999_600, '1.00 MB'],
    [12_345_678, '12.3 MB'],
    [9_996_000, '10.0 MB'],
    [1.5e15, '1.50 PB'],
  ])('%d', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  test.each([
    [0.04, '0.0 s'],
    [9.96, '10 s'],
    [59.4, '59 s'],
    [59.6, '1 min 00 s'],
    [185, '3 min 05 s'],
    [7620, '2 h 07 min'],
  ])('%d seconds', (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });

  test('counts', () => {
    expect(formatCount(1_234_567.4)).toBe('1,234,567');
    expect([0, 1, 2].map((count) => formatCounted(count, 'row'))).toEqual(['0 rows', '1 row', '2 rows']);
  });
});
