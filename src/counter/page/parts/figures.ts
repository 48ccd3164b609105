// How the outcome of an experiment is drawn: figures, a square for each step, and a verdict.
import { type Html, html } from './html.js'
import { grouped } from './words.js'

/** open: what was seen proves nothing, and the text says why. */
export interface Verdict {
  readonly kind: 'good' | 'bad' | 'open'
  readonly text: string
}

const SIGNS = { good: '✓', bad: '✗', open: '?' }

export function verdict({ kind, text }: Verdict): Html {
  return html`<p class="verdict ${kind}"><b>${SIGNS[kind]}</b> ${text}</p>`
}

/** The steps so far, and empty squares for those to come. */
export function dots(steps: readonly Html[], all: number): Html {
  const open = Array.from({ length: all - steps.length }, () => html`<i></i>`)
  return html`<div class="dots" aria-hidden="true">${steps}${open}</div>`
}

export function figures(rows: readonly (readonly [string, number])[]): Html {
  return html`<dl class="figures">${rows.map(([name, figure]) => html`<div><dt>${name}</dt><dd>${grouped(figure)}</dd></div>`)}</dl>`
}
