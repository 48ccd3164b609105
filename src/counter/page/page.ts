// The page of a session.
import type { Assets } from './assets.js'
import { htmlDocument } from './html-document.js'
import { hero } from './parts/hero.js'
import { html } from './parts/html.js'
import { picture } from './parts/picture.js'
import { pinnedVisits } from './parts/pinned.js'
import type { PageState } from './parts/state.js'
import { trail } from './parts/trail.js'
import { many, NO_COOKIE } from './parts/words.js'
import { experiments, killDialog, stores, tour } from './sections.js'

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
  const scene = { ...data, instances: live, redisAway: false, pinned: pinnedVisits(steps, live) }
  const body = html`<script type="application/json" id="state">${json}</script>
<main>
<div id="stage">
<div id="hero">${hero(data)}</div>
<section id="picture" class="picture" aria-label="The path of a request">${picture(scene)}</section>
<section id="panel" aria-label="What happens">
<p id="notice" role="status"${noCookie && html` class="warn"`}>${noCookie && NO_COOKIE}</p>
<div id="result" aria-live="polite"></div>
</section>
<section id="controls" aria-label="What you can do">
<div class="compact buttons">
<form action="${assets.base}/"><input type="hidden" name="again"><button id="visit" class="primary">Visit again</button></form>
<form action="${assets.base}/session/regenerate" method="post"><button id="renew" title="The session gets a new id and keeps its count, as at a login">New session id</button></form>
<form action="${assets.base}/session/end" method="post"><button id="end" title="The session is destroyed, as at a logout">End session</button></form>
</div>
${experiments(chaos)}
</section>
</div>
<section aria-labelledby="trail-title"><h2 id="trail-title">Your last visits</h2><div id="trail">${trail(steps, utc, live)}</div></section>
${stores(store)}
${tour()}
${chaos && killDialog()}
</main>
<dialog id="story" class="story" aria-labelledby="story-title"></dialog>
<p id="news" class="unseen" aria-live="polite"></p>`
  const title = visits === null ? 'No session' : many(visits, 'visit')
  return htmlDocument(title, body, assets, true)
}

function utc(at: number): string {
  const time = new Date(at)
  return Number.isNaN(time.getTime()) ? '' : `${time.toISOString().slice(11, 19)} UTC`
}
