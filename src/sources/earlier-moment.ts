/**
 * A moment of a server's clock, `2024-01-31 08:00:00.123456` with any number of digits, so many milliseconds earlier. For bounds alone: values of
 * columns are computed by their server.
 */
export function earlierMoment(moment: string, milliseconds: number): string {
  const [whole = '', fraction = ''] = moment.split('.');
  const unit = 10n ** BigInt(Math.max(0, fraction.length - 3));
  const perSecond = 1000n * unit;
  const digits = BigInt(fraction.padEnd(3, '0'));
  const at = BigInt(Date.parse(`${whole.replace(' ', 'T')}Z`) / 1000) * perSecond + digits;
  const earlier = at - BigInt(Math.ceil(milliseconds)) * unit;
  const seconds = new Date(Number(earlier / perSecond) * 1000).toISOString();
  const rest = String(earlier % perSecond).padStart(Math.max(3, fraction.length), '0');
  return `${seconds.slice(0, 10)} ${seconds.slice(11, 19)}.${rest}`;
}
