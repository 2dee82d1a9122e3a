/** A moment or a day as text, in one of the forms that SQLite's own functions take and whose order as texts is their order in time. */
export interface MomentForm {
  /** Between day and time; null: a day alone. */
  readonly separator: ' ' | 'T' | null;
  /** The digits of the second behind its point, the point included; '' for none. */
  readonly fraction: string;
  readonly suffix: '' | 'Z';
}

const FORM = /^\d{4}-\d\d-\d\d(?:([ T])\d\d:\d\d:\d\d(\.\d+)?(Z?))?$/;

/** https://www.sqlite.org/lang_datefunc.html#time_values */
export function momentForm(text: string): MomentForm | null {
  const match = FORM.exec(text);
  if (match === null) return null;
  const [, separator, fraction = '', suffix = ''] = match;
  return { separator: (separator as ' ' | 'T' | undefined) ?? null, fraction, suffix: suffix as '' | 'Z' };
}

/**
 * An expression that gives a moment of whole seconds (given as SQL, with modifiers) in this form, with these digits behind the point: they stay as
 * they are, for no stretch is shorter than a second.
 */
export function inForm(form: MomentForm, moment: string): string {
  if (form.separator === null) return `strftime('%Y-%m-%d', ${moment})`;
  return `strftime('%Y-%m-%d${form.separator}%H:%M:%S', ${moment}) || '${form.fraction}${form.suffix}'`;
}

/** Without the fraction, which SQLite rounds to milliseconds, and without the `Z`. */
export function wholeSeconds(text: string): string {
  return text.replace(/(\.\d+)?Z?$/, '');
}
