import { describe, expect, test } from 'vitest';
import { choiceParser, parseBoolean } from '../../src/config/parse-choice.ts';
import { countParser } from '../../src/config/parse-count.ts';
import { parseDuration } from '../../src/config/parse-duration.ts';
import { fractionParser } from '../../src/config/parse-fraction.ts';
import { parseNames } from '../../src/config/parse-names.ts';
import { parseSize } from '../../src/config/parse-size.ts';
import type { ValueParser } from '../../src/config/value-place.ts';
import { SqlextractError, type Problem } from '../../src/model/problem.ts';

const PLACE = { label: '--flag', fault: 'usage' } as const;

function problemOf(parse: ValueParser<unknown>, text: string): Problem {
  try {
    parse(text, PLACE);
  } catch (error) {
    if (error instanceof SqlextractError) return error.problem;
    throw error;
  }
  throw new Error(`${text} was taken`);
}

describe('fractions', () => {
  const parse = fractionParser('USAGE_MAX_DELETE_FRACTION', '--max-delete-fraction 0.5');

  test.each(['0', '0.1', '1', '1.0'])('%s is one', (text) => {
    expect(parse(text, PLACE)).toBe(Number(text));
  });

  test.each(['', '-0.1', '1.1', '10%', '.5', '1e-3', 'NaN'])('%j is none', (text) => {
    expect(problemOf(parse, text)).toMatchObject({ code: 'USAGE_MAX_DELETE_FRACTION', fault: 'usage' });
  });
});

describe('sizes', () => {
  test.each([
    ['100MB', 100_000_000],
    ['1GB', 1_000_000_000],
    ['64KiB', 65_536],
    ['1.5 gb', 1_500_000_000],
    ['2MiB', 2_097_152],
    ['7', 7],
    ['7B', 7],
    ['3k', 3000],
    ['1TiB', 1_099_511_627_776],
  ])('%s is %i bytes', (text, bytes) => {
    expect(parseSize(text, PLACE)).toBe(bytes);
  });

  test.each(['5XB', '-1', '', '0', '0.1', 'MB', '1,5MB', '1e9', ' 1MB', '9007199254740993', '1MBB', '1.MB'])(
    '%s is refused with a sentence and examples',
    (text) => {
      const problem = problemOf(parseSize, text);
      expect(problem).toMatchObject({ code: 'USAGE_SIZE', fault: 'usage' });
      expect(problem.message).toContain(`--flag ${text === '' ? "''" : text}: `);
      expect(problem.hint).toContain('100MB');
    },
  );

  test('the unit that does not exist is named', () => {
    expect(problemOf(parseSize, '5XB').message).toBe('--flag 5XB: there is no unit XB');
  });
});

describe('durations', () => {
  test.each([
    ['15m', 900_000],
    ['1h30m', 5_400_000],
    ['90s', 90_000],
    ['0', 0],
    ['0s', 0],
    ['500ms', 500],
    ['1m500ms', 60_500],
    ['2d', 172_800_000],
  ])('%s is %i ms', (text, milliseconds) => {
    expect(parseDuration(text, PLACE)).toBe(milliseconds);
  });

  test.each(['15', '-1m', '', '1.5h', '30m1h', '1m1m', 'm', '15 m', '25d', '1y'])('%s is refused', (text) => {
    const problem = problemOf(parseDuration, text);
    expect(problem).toMatchObject({ code: 'USAGE_DURATION', fault: 'usage' });
    expect(problem.hint).toContain('15m');
  });

  test('a number without unit is told so', () => {
    expect(problemOf(parseDuration, '15').message).toContain('the unit is missing');
  });
});

describe('counts', () => {
  const parse = countParser('USAGE_WORKERS', 256, '--workers 4');

  test.each([
    ['1', 1],
    ['256', 256],
    ['007', 7],
  ])('%s is %i', (text, count) => {
    expect(parse(text, PLACE)).toBe(count);
  });

  test.each(['0', '1.5', 'abc', '-1', '', '257', '1e2', ' 4', '٤'])('%s is refused', (text) => {
    expect(problemOf(parse, text)).toMatchObject({ code: 'USAGE_WORKERS', hint: 'for example --workers 4' });
  });
});

describe('choices', () => {
  test('a word that is nearly one of them gets it offered', () => {
    const problem = problemOf(choiceParser(['parquet', 'csv']), 'parket');
    expect(problem.code).toBe('USAGE_CHOICE');
    expect(problem.message).toBe('--flag parket: it is one of parquet, csv; did you mean parquet?');
  });

  test('a word that is near none gets the list only', () => {
    expect(problemOf(choiceParser(['parquet', 'csv']), 'avro-files').message).not.toContain('did you mean');
  });

  test.each([
    ['true', true],
    ['Yes', true],
    ['1', true],
    ['off', false],
    ['FALSE', false],
  ])('%s is %s', (text, value) => {
    expect(parseBoolean(text, PLACE)).toBe(value);
  });

  test('anything else is no boolean', () => {
    expect(problemOf(parseBoolean, 'maybe').code).toBe('USAGE_CHOICE');
  });
});

describe('names', () => {
  test.each([
    ['id', ['id']],
    ['id, email ,x', ['id', 'email', 'x']],
    ['"a,b",c', ['a,b', 'c']],
    ['"say ""hi""", " edge "', ['say "hi"', ' edge ']],
    ['two words,größe,用户', ['two words', 'größe', '用户']],
  ])('%s', (text, names) => {
    expect(parseNames(text, PLACE)).toEqual(names);
  });

  test.each(['', ',', 'a,', ',a', 'a,,b', '"open', '"a"b', 'a"b'])('%s is refused', (text) => {
    expect(problemOf(parseNames, text).code).toBe('USAGE_NAMES');
  });
});
