// The count, and who answered.
import { type Html, html } from './html.js'
import type { PageState } from './state.js'
import { colour, grouped, label } from './words.js'

export function hero({ visits, instance, store }: Pick<PageState, 'visits' | 'instance' | 'store'>): Html {
  const answer = html`<p class="answer">Answered by <span class="chip ${colour(instance)}">instance ${label(instance)}</span><br> Store: <a class="store" href="#stores">${store}</a></p>`
  if (visits === null)
    return html`<h1>This browser has no session<br> <strong class="none">0</strong> <span>the next visit is the first</span></h1>${answer}`
  const figure = grouped(visits)
  const size = figure.length > 14 ? ' longest' : figure.length > 6 ? ' long' : ''
  return html`<h1>You have been here<br> <strong class="${colour(instance)}${size}">${figure}</strong> <span>${visits === 1 ? 'time' : 'times'}</span></h1>${answer}`
}
