import {
  BitsBuilder,
  BytesBuilder,
  FloatBuilder,
  type VectorBuilder,
  WordsBuilder,
} from '../../model/vector-builder.ts';
import { ProtocolBreach } from '../scanned-rows.ts';
import { Misfit } from './misfit.ts';
import type { ColumnPlan } from './types.ts';

/**
 * Appends a value in the server's text format (pinned by pin-session.ts), for servers without COPY. Gives the same vectors as the binary
 * decoders. Throws Misfit for what the type cannot hold, ProtocolBreach for text that is not of the type's form.
 */
export function appendText(plan: ColumnPlan, out: VectorBuilder, text: string | null, row: number): void {
  if (text === null) out.appendNull();
  else if (out instanceof BytesBuilder) appendBytes(plan, out, text);
  else if (out instanceof WordsBuilder) appendWords(plan, out, text, row);
  else if (out instanceof FloatBuilder) out.appendFloat(parseFloat(text));
  else if (out instanceof BitsBuilder) out.appendBit(parseBoolean(text));
  else throw out satisfies never;
}

function appendBytes(plan: ColumnPlan, out: BytesBuilder, text: string): void {
  if (plan.type.kind !== 'binary') {
    const bytes = Buffer.from(text, 'utf8');
    out.appendBytes(bytes, 0, bytes.length);
    return;
  }
  if (!/^\\x(?:[0-9a-f]{2})*$/.test(text)) throw unexpected('bytea', text);
  const bytes = Buffer.from(text.slice(2), 'hex');
  out.appendBytes(bytes, 0, bytes.length);
}

function appendWords(plan: ColumnPlan, out: WordsBuilder, text: string, row: number): void {
  switch (plan.type.kind) {
    case 'int32':
      out.appendInt32(Number(integer(text)));
      break;
    case 'int64':
      out.appendBigInt(integer(text));
      break;
    case 'decimal':
      out.appendBigInt(unscaled(text, plan.type.precision, plan.type.scale, row));
      break;
    case 'date':
      out.appendInt32(Number(daysOf(text, row)));
      break;
    case 'time':
      out.appendBigInt(microsOf(text));
      break;
    case 'timestamp':
      out.appendBigInt(timestampOf(text, row));
      break;
    default:
      throw new ProtocolBreach(`no text decoder for ${plan.type.kind}`);
  }
}

function integer(text: string): bigint {
  if (!/^-?\d+$/.test(text)) throw unexpected('an integer', text);
  return BigInt(text);
}

function unscaled(text: string, precision: number, scale: number, row: number): bigint {
  const parts = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (parts === null) throw new Misfit(row, text, `${text}, which no decimal can hold`);
  const [, sign, whole = '', fraction = ''] = parts;
  const kept = fraction.slice(0, scale).padEnd(scale, '0');
  const number = BigInt(whole + kept);
  if (number >= 10n ** BigInt(precision) || /[^0]/.test(fraction.slice(scale))) {
    throw new Misfit(row, text, `a number that does not fit decimal(${precision},${scale})`);
  }
  return sign === '-' ? -number : number;
}

function daysOf(text: string, row: number): bigint {
  const parts = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (parts === null) throw outside('date', text, row);
  return BigInt(utcMillis(parts) / 86_400_000);
}

function timestampOf(text: string, row: number): bigint {
  const parts = /^(\d{4})-(\d\d)-(\d\d) ([\d:.]+)(?:\+00)?$/.exec(text);
  if (parts === null) throw outside('timestamp', text, row);
  return BigInt(utcMillis(parts)) * 1000n + microsOf(parts[4] as string);
}

/** Not `Date.UTC`, which takes the years 0 to 99 for 1900 to 1999. */
function utcMillis(parts: readonly string[]): number {
  return new Date(0).setUTCFullYear(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3]));
}

function microsOf(text: string): bigint {
  const parts = /^(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/.exec(text);
  if (parts === null) throw unexpected('a time', text);
  const seconds = Number(parts[1]) * 3600 + Number(parts[2]) * 60 + Number(parts[3]);
  return BigInt(seconds) * 1_000_000n + BigInt((parts[4] ?? '').padEnd(6, '0'));
}

function parseFloat(text: string): number {
  if (text === 'NaN' || text === 'Infinity' || text === '-Infinity') return Number(text);
  if (!/^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/.test(text)) throw unexpected('a float', text);
  return Number(text);
}

function parseBoolean(text: string): boolean {
  if (text !== 't' && text !== 'f') throw unexpected('a boolean', text);
  return text === 't';
}

function outside(what: string, text: string, row: number): Misfit {
  if (text.endsWith('infinity')) return new Misfit(row, text, `an infinite ${what}`);
  return new Misfit(row, text, `a ${what} outside the years 0001 to 9999`);
}

function unexpected(what: string, text: string): ProtocolBreach {
  return new ProtocolBreach(`${text.slice(0, 40)} is not ${what} as PostgreSQL writes it`);
}
