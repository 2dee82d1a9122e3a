import { expect, test } from 'vitest';
import { earlierMoment } from '../../src/sources/earlier-moment.ts';

test.each([
  ['2024-01-31 08:00:00.123456', 0, '2024-01-31 08:00:00.123456'],
  ['2024-01-31 08:00:00.123456', 1500, '2024-01-31 07:59:58.623456'],
  ['2024-01-31 08:00:00.1234567', 124, '2024-01-31 07:59:59.9994567'],
  ['2024-03-01 00:00:00.000000', 1, '2024-02-29 23:59:59.999000'],
  ['2024-01-31 08:00:00', 0.5, '2024-01-31 07:59:59.999'],
])('%s, %d ms earlier', (moment, milliseconds, earlier) => {
  expect(earlierMoment(moment, milliseconds)).toBe(earlier);
});
