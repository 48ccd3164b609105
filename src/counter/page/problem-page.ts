import type { Assets } from './assets.js'
import { htmlDocument } from './html-document.js'
import { type Html, html } from './parts/html.js'

/** @returns a problem as a page; one that passes tries again by itself. */
export function renderProblem(
  assets: Assets,
  status: number,
  title: string,
  detail: string,
  again: boolean,
): string {
  const next: Html = again
    ? html`<p class="quiet">This page tries again every 2 seconds, and goes on from the right number.</p>`
    : html``
  return htmlDocument(
    title,
    html`<main class="problem"><h1>${status === 503 ? 'Redis is away' : title}</h1><p>${detail}</p>${next}
<div class="buttons"><form action="/"><button class="primary">Visit again</button></form></div></main>`,
    assets,
  )
}
