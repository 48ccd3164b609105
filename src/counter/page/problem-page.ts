// The page of a problem.
import type { Assets } from './assets.js'
import { htmlDocument } from './html-document.js'
import { type Html, html } from './parts/html.js'

/** @returns a problem as a page; if it may pass, the page tries again automatically. */
export function renderProblem(
  assets: Assets,
  status: number,
  title: string,
  detail: string,
  again: boolean,
): string {
  const next: Html = again
    ? html`<p class="quiet">This page tries again every 2 seconds. The count carries on from the right number.</p>`
    : html``
  return htmlDocument(
    title,
    html`<main class="problem"><h1>${status === 503 ? 'The counter can’t reach Redis' : title}</h1><p>${detail}</p>${next}
<div class="buttons"><form action="${assets.base}/"><button class="primary">Visit again</button></form></div></main>`,
    assets,
  )
}
