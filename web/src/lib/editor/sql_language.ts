// SPDX-License-Identifier: Apache-2.0
// The dialect for the editor's colours, and the editor's look, made of the console's tokens.
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { SQLDialect } from '@codemirror/lang-sql';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

export const dialect = SQLDialect.define({
  keywords:
    'all and as asc between by case cast create cross database databases delete desc describe distinct else end escape except exists explain filter from full group having if in inner insert ' +
    'intersect interval is join lateral left like limit measures not nulls on or order outer over partition right rows select show table tables then try_cast union unnest using values when where with within first last',
  types: 'bigint boolean date double integer interval time timestamp varchar timeseries array row',
  builtin: 'true false null',
  doubleQuotedStrings: false,
  identifierQuotes: '"',
  specialVar: '$',
  operatorChars: '*+-%<>!=&|/:',
});

export const highlight = syntaxHighlighting(
  HighlightStyle.define([
    { tag: tags.keyword, color: 'var(--line)', fontWeight: '600' },
    { tag: [tags.string], color: 'var(--ok)' },
    { tag: tags.special(tags.string), color: 'var(--s2)' },
    { tag: [tags.number, tags.bool, tags.null], color: 'var(--s4)' },
    { tag: [tags.comment], color: 'var(--muted)', fontStyle: 'italic' },
    { tag: [tags.typeName, tags.standard(tags.name)], color: 'var(--s3)' },
    { tag: tags.special(tags.name), color: 'var(--s5)' },
  ]),
);

export const look = EditorView.theme({
  '&': { height: '100%', color: 'var(--fg)', backgroundColor: 'var(--bg)', fontSize: '13px' },
  '&.cm-focused': { outline: '2px solid var(--line)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '20px' },
  '.cm-content': { caretColor: 'var(--fg)', padding: '8px 0' },
  '.cm-cursor': { borderLeftColor: 'var(--fg)' },
  '.cm-gutters': { backgroundColor: 'var(--bg-2)', color: 'var(--muted)', borderRight: '1px solid var(--border)' },
  '.cm-activeLine': { backgroundColor: 'var(--bg-2)' },
  '.cm-activeLineGutter': { backgroundColor: 'var(--bg-3)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: 'var(--accent-bg) !important' },
  '.cm-matchingBracket': { backgroundColor: 'var(--accent-bg) !important', outline: '1px solid var(--border)' },
  '.cm-selectionMatch': { backgroundColor: 'var(--warn-bg)' },
  '.cm-tooltip': { backgroundColor: 'var(--bg)', border: '1px solid var(--border)', borderRadius: '6px', boxShadow: 'var(--shadow)', color: 'var(--fg)', maxWidth: 'min(520px, 90vw)' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mono)', fontSize: '12.5px', maxHeight: '15em' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '3px 8px', minHeight: '24px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]': { backgroundColor: 'var(--accent)', color: '#fff' },
  '.cm-completionDetail': { fontStyle: 'normal', color: 'var(--muted)', marginLeft: '12px' },
  'li[aria-selected] .cm-completionDetail': { color: '#fff' },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '700' },
  '.cm-completionInfo': { padding: '8px 12px', whiteSpace: 'pre-wrap', fontSize: '12.5px', maxWidth: '360px' },
  '.cm-help': { padding: '6px 10px', whiteSpace: 'pre-wrap', fontSize: '12.5px' },
  '.cm-diagnostic': { padding: '6px 10px', whiteSpace: 'pre-wrap', fontSize: '12.5px', fontFamily: 'var(--sans)' },
  '.cm-diagnostic-error': { borderLeft: '4px solid var(--err)' },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--err) 1.5px', textUnderlineOffset: '3px', textDecorationSkipInk: 'none' },
  '.cm-panels': { backgroundColor: 'var(--bg-2)', color: 'var(--fg)', borderColor: 'var(--border)' },
  '.cm-textfield': { backgroundColor: 'var(--bg)', border: '1px solid var(--border)', borderRadius: '4px' },
  '.cm-button': { backgroundImage: 'none', backgroundColor: 'var(--bg-2)', border: '1px solid var(--border)', borderRadius: '4px' },
  '.cm-placeholder': { color: 'var(--muted)' },
});
