import type { Assets } from './assets.js'
import { htmlDocument } from './html-document.js'
import { hero } from './parts/hero.js'
import { html } from './parts/html.js'
import { picture } from './parts/picture.js'
import type { PageState } from './parts/state.js'
import { trail } from './parts/trail.js'
import { many, NO_COOKIE } from './parts/words.js'
import { experiments, stores, tour } from './sections.js'

export interface PageData extends PageState {
  /** Whether visitors may end instances. */
  readonly chaos: boolean
  /** A second visit came without the cookie of the first. */
  readonly noCookie: boolean
}

/** @returns the page as HTML; it works without its script, which makes it live. */
export function renderPage(data: PageData, assets: Assets): string {
  const { visits, trail: steps, instance, store, instances, chaos, noCookie } = data
  const known = instances.some(({ id }) => id === instance.id)
  const live = known ? instances : [...instances, { ...instance, startedAt: Date.now() }]
  const state: PageState = { visits, trail: steps, instance, store, instances: live }
  // No script: a block of data, which the policy against inline scripts lets pass.
  const json = { markup: JSON.stringify(state).replaceAll('<', '\\u003c') }
  const body = html`<script type="application/json" id="state">${json}</script>
<main>
<div class="top">
<section class="hero">
<div id="hero">${hero(data)}</div>
<div class="buttons">
<form action="/"><input type="hidden" name="again"><button id="visit" class="primary">Visit again</button></form>
<form action="/session/regenerate" method="post"><button id="renew" title="The session gets a new id and keeps its count, as at a login">New id</button></form>
<form action="/session/end" method="post"><button id="end" title="The session is destroyed, as at a logout">End session</button></form>
</div>
<p id="notice" role="status"${noCookie && html` class="warn"`}>${noCookie && NO_COOKIE}</p>
</section>
<section id="picture" aria-label="The way of a request">${picture({ ...data, instances: live, redisAway: false })}</section>
</div>
<section aria-labelledby="trail-title"><h2 id="trail-title">Your last visits</h2><div id="trail">${trail(steps, utc)}</div></section>
${experiments(chaos)}
${stores(store)}
${tour()}
</main>
<p id="news" class="unseen" aria-live="polite"></p>`
  const title = visits === null ? 'No session' : many(visits, 'visit')
  return htmlDocument(title, body, assets, true)
}

function utc(at: number): string {
  const time = new Date(at)
  return Number.isNaN(time.getTime()) ? '' : `${time.toISOString().slice(11, 19)} UTC`
}
