import { describe, expect, it } from 'vitest';
import type { TableSchema } from '../../../src/model/table.ts';
import { keyCodec, keyTextOf, literalOf } from '../../../src/sources/sqlserver/key-values.ts';
import { quoteName, quoteText } from '../../../src/sources/sqlserver/quote.ts';
import { compareKey, rangePredicate } from '../../../src/sources/sqlserver/ranges.ts';
import type { NativeType } from '../../../src/sources/sqlserver/types.ts';

function native(name: string, more: Partial<NativeType> = {}): NativeType {
  return { display: name, name, precision: 0, scale: 0, maxLength: 8, collation: null, userType: null, ...more };
}

function literal(type: NativeType, value: unknown): string {
  const codec = keyCodec(type);
  if (codec === null) throw new Error('no key');
  return literalOf(keyTextOf(codec, value));
}

describe('a key value', () => {
  it('comes back as a constant of its column (checklist 39, 40)', () => {
    const czech = native('varchar', { maxLength: 20, collation: 'Czech_CI_AS' });
    expect(literal(czech, "a-c'ž")).toBe("CONVERT(varchar(20), N'a-c''ž' COLLATE Czech_CI_AS)");
    expect(literal(native('nchar', { maxLength: 10, collation: 'X' }), ' a')).toBe(
      "CONVERT(nchar(5), N' a' COLLATE X)",
    );
    expect(literal(native('decimal', { precision: 38, scale: 10 }), '-0.1000000000')).toBe(
      "CONVERT(decimal(38,10), '-0.1000000000')",
    );
    expect(literal(native('datetime'), '2024-01-01 00:00:00.007')).toBe(
      "CONVERT(datetime, '2024-01-01 00:00:00.007', 121)",
    );
    expect(literal(native('datetimeoffset', { scale: 7 }), '2024-01-01 00:00:00.1234567 +05:30')).toBe(
      "CONVERT(datetimeoffset(7), '2024-01-01 00:00:00.1234567 +05:30', 121)",
    );
    expect(literal(native('smallmoney'), '-214748.3648')).toBe(
      "CONVERT(smallmoney, CONVERT(decimal(19,4), '-214748.3648'))",
    );
    expect(literal(native('timestamp'), Buffer.from('00000000000007d1', 'hex'))).toBe(
      'CONVERT(binary(8), 0x00000000000007d1)',
    );
    expect(literal(native('uniqueidentifier'), '6F9619FF-8B86-D011-B42D-00C04FC964FF')).toBe(
      "CONVERT(uniqueidentifier, '6F9619FF-8B86-D011-B42D-00C04FC964FF')",
    );
  });

  it('of bytes in the binary order of a code page with double codes is none', () => {
    const under = (name: string, collation: string) => keyCodec(native(name, { maxLength: 20, collation }));
    for (const collation of [
      'Japanese_BIN2',
      'Japanese_XJIS_100_BIN2',
      'Chinese_PRC_BIN',
      'Chinese_Taiwan_Stroke_BIN',
      'Korean_Wansung_BIN2',
    ]) {
      expect(under('varchar', collation), collation).toBeNull();
      expect(under('char', collation), collation).toBeNull();
      expect(under('nvarchar', collation), collation).not.toBeNull();
    }
    for (const collation of ['Japanese_CI_AS', 'Latin1_General_BIN2', 'Japanese_XJIS_140_BIN2_UTF8'])
      expect(under('varchar', collation), collation).not.toBeNull();
  });

  it('is asked of the server as it comes back of its text', () => {
    const again = (type: NativeType) => keyCodec(type)?.again('k.c0');
    expect(again(native('int'))).toBe('k.c0');
    expect(again(native('varchar', { maxLength: 20, collation: 'Czech_CI_AS' }))).toBe(
      'CONVERT(varchar(20), CONVERT(nvarchar(20), k.c0) COLLATE Czech_CI_AS)',
    );
    expect(again(native('datetime2', { scale: 7 }))).toBe(
      'CONVERT(datetime2(7), CONVERT(varchar(40), k.c0, 121), 121)',
    );
    expect(again(native('money'))).toBe(
      'CONVERT(money, CONVERT(decimal(19,4), CONVERT(varchar(41), CONVERT(decimal(19,4), k.c0))))',
    );
  });

  it('of an integer column is digits, which may be computed', () => {
    expect(literal(native('bigint'), '9223372036854775807')).toBe("CONVERT(bigint, '9223372036854775807')");
    expect(literal(native('int'), '-5')).toBe('-5');
    expect(literalOf('2147483648')).toBe("CONVERT(bigint, '2147483648')");
  });

  it('keeps texts that a state file would not', () => {
    const wide = native('nvarchar', { maxLength: 20, collation: 'X' });
    for (const text of ['a\ud800', 'a\0b']) {
      const stored = keyTextOf(keyCodec(wide) as never, text);
      expect(stored.isWellFormed() && !stored.includes('\0')).toBe(true);
      const hex = /0x([0-9a-f]+)/.exec(literalOf(stored))?.[1] ?? '';
      expect(Buffer.from(hex, 'hex').toString('utf16le')).toBe(text);
    }
    expect(literal(wide, '0xff')).toBe("CONVERT(nvarchar(10), N'0xff' COLLATE X)");
  });

  it('cannot carry SQL', () => {
    for (const text of [
      'varchar(20) collate X) OR (1=1:a',
      "decimal(12,2):1' OR '1'='1",
      'varbinary(2):0x00; DROP TABLE t',
      'sql_variant:1',
      "money:1')",
      '1 OR 1=1',
      '',
    ]) {
      expect(() => literalOf(text), text).toThrow('not a key value');
    }
  });

  it('is none of a type without an exact order or text', () => {
    for (const name of ['sql_variant', 'xml', 'hierarchyid', 'geography', 'udt', 'text', 'image'])
      expect(keyCodec(native(name)), name).toBeNull();
    expect(keyCodec(native('varchar', { maxLength: -1, collation: 'X' }))).toBeNull();
    expect(keyCodec(native('varchar', { maxLength: 10, collation: 'X) --' }))).toBeNull();
  });
});

describe('a constant', () => {
  it('does not lose a backslash before a line break, which T-SQL takes for a continued line', () => {
    expect(quoteText('a\\\nb')).toBe("(CONVERT(nvarchar(max), N'a\\') + N'\nb')");
    expect(quoteText('a\\\r\n\\\n')).toBe("(CONVERT(nvarchar(max), N'a\\') + N'\r\n\\' + N'\n')");
    expect(quoteText("it's \\")).toBe("N'it''s \\'");
  });

  it('of a name cannot end early', () => {
    expect(quoteName('a b')).toBe('[a b]');
    expect(quoteName('a]; DROP "t"')).toBe('"a]; DROP ""t"""');
    expect(() => quoteName('a\0')).toThrow('NUL');
  });
});

describe('a range over several columns', () => {
  const table = { candidateKeys: [], columns: [], schema: 'dbo', name: 't' } as unknown as TableSchema;

  it('is nested ORs, and bounds the first column by itself for a seek', () => {
    expect(compareKey(['a', 'b'], '>=', ['1', '2'])).toBe('([a] > 1 OR ([a] = 1 AND [b] >= 2))');
    expect(compareKey(['a', 'b', 'c'], '<', ['1', '2', '3'])).toBe(
      '([a] < 1 OR ([a] = 1 AND ([b] < 2 OR ([b] = 2 AND [c] < 3))))',
    );
    expect(rangePredicate(table, { kind: 'between', from: ['1', '2'], to: ['3', '4'] }, ['a', 'b'])).toBe(
      '[a] >= 1 AND [a] <= 3 AND ([a] > 1 OR ([a] = 1 AND [b] >= 2)) AND ([a] < 3 OR ([a] = 3 AND [b] < 4)) ' +
        'AND [a] IS NOT NULL AND [b] IS NOT NULL',
    );
  });

  it('has an open end, and a range of its own for NULL', () => {
    expect(rangePredicate(table, { kind: 'between', from: null, to: null }, ['a'])).toBe('[a] IS NOT NULL');
    expect(rangePredicate(table, { kind: 'null' }, ['a', 'b'])).toBe('[a] IS NULL OR [b] IS NULL');
  });
});
