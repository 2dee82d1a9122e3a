/** For every flag that takes names of columns. */
export const COLUMNS_HELP = 'Names separated by commas, without regard to case when that is unambiguous.';
