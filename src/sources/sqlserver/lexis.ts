import type { LexicalRules } from '../../model/sql-lexis.ts';

/** T-SQL under QUOTED_IDENTIFIER ON, which pin-session.ts sets. */
export const SQLSERVER_RULES: LexicalRules = {
  backslashEscapes: false,
  doubleQuotes: 'name',
  backticks: 'refused',
  brackets: 'doubled name',
  hashComments: false,
  dashesNeedBlank: false,
  nestedComments: 'nested',
  executableComments: 'comment',
  dollars: 'character',
  escapeTexts: false,
};
