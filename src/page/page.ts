import type { Assets } from './assets.js'
import { hero } from './parts/hero.js'
import { type Html, html } from './parts/html.js'
import { picture } from './parts/picture.js'
import { NO_COOKIE, type PageState } from './parts/state.js'
import { trail } from './parts/trail.js'
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
  const title = visits === null ? 'No session' : `${visits} ${visits === 1 ? 'visit' : 'visits'}`
  return document(title, body, assets, true)
}

/** @returns a whole document around a body. */
export function document(title: string, body: Html, assets: Assets, live = false): string {
  const { path } = assets
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · RedisSessions</title>
<link rel="stylesheet" href="${path}/page.css">
<link rel="icon" href="${path}/icon.svg" type="image/svg+xml">
${live && html`<script type="module" src="${path}/main.js"></script>\n`}</head>
<body>
<header><a class="brand" href="/session"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M4 6.5v11c0 1.7 3.6 3 8 3s8-1.3 8-3v-11"/><ellipse cx="12" cy="6.5" rx="8" ry="3"/><path d="M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3"/></svg>RedisSessions</a></header>
${body}
</body>
</html>
`.markup
}

function utc(at: number): string {
  const time = new Date(at)
  return Number.isNaN(time.getTime()) ? '' : `${time.toISOString().slice(11, 19)} UTC`
}
