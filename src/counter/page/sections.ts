import type { StoreName } from '../config/store-names.js'
import { type Html, html } from './parts/html.js'

/** The experiments; they need the script, which shows them. */
export function experiments(chaos: boolean): Html {
  return html`<section aria-labelledby="experiments-title"><h2 id="experiments-title">Experiments</h2>
<noscript><p class="quiet">These need JavaScript. Without it: reload the page, and watch the count and the instance.</p></noscript>
<div id="experiments" class="cards" hidden>
<article><h3>Refresh 10 times</h3><p>One visit after the other, each to the next instance. Does the count go on?</p>
<button data-experiment="refresh">Refresh 10 times</button><div role="status"></div></article>
<article><h3>50 visits at once</h3><p>Visits that overlap, as a page with many requests makes them. Is each one counted?</p>
<button data-experiment="burst">Send 50 visits</button><div role="status"></div></article>
<article><h3>End it while visits are in flight</h3><p>A log-out that meets requests on their way, 20 times over. Does the session stay ended?</p>
<button data-experiment="race">End it under way</button><div role="status"></div></article>
${
  chaos &&
  html`<article class="chaos"><h3>Kill my instance</h3><p>SIGKILL to the instance that answers me, in the middle of its work. Does the count go on?</p>
<button data-experiment="kill">Kill it …</button><div role="status"></div></article>`
}
</div>
${
  chaos &&
  html`<dialog id="kill" aria-labelledby="kill-title"><form method="dialog"><h2 id="kill-title">Kill an instance?</h2>
<p>The instance that answers the next request is killed (SIGKILL), and whatever it was doing for others with it. The platform starts it again.</p>
<div class="buttons"><button value="cancel">Cancel</button><button value="kill" class="danger">Kill it</button></div></form></dialog>`
}
</section>`
}

const STORES: readonly { name: StoreName; says: string; link: string; more: string }[] = [
  {
    name: 'memory',
    says: 'Each instance keeps sessions in its own memory: the next instance doesn’t know you, and a restart forgets everyone.',
    link: 'https://expressjs.com/en/resources/middleware/session.html',
    more: 'express-session and its MemoryStore',
  },
  {
    name: 'connect-redis',
    says: 'All instances share sessions in Redis, read whole and written back whole: visits that overlap overwrite each other, and one that ends late can bring an ended session back.',
    link: 'https://github.com/tj/connect-redis#readme',
    more: 'connect-redis',
  },
  {
    name: 'exact',
    says: 'Redis applies only what each request changed, once, and only to a session that lives: nothing is lost, counted twice, or brought back.',
    link: 'https://expressjs.com/en/resources/middleware/session.html#session-store-implementation',
    more: 'what express-session asks of a store',
  },
]

/** What each store does, in a sentence. */
export function stores(current: StoreName): Html {
  const rows = STORES.map(
    ({ name, says, link, more }) =>
      html`<div${name === current && html` class="current"`}><dt>${name}${name === current && html` <em>in use</em>`}</dt><dd>${says} <a href="${link}">More: ${more}</a></dd></div>`,
  )
  return html`<section aria-labelledby="stores"><h2 id="stores">Where a session can live</h2><dl class="stores">${rows}</dl></section>`
}

/** The two tests that this app was made for in 2012, and what came since. */
export function tour(): Html {
  return html`<section aria-labelledby="tour"><h2 id="tour">The two tests of 2012</h2>
<p>This counter was first pushed to Cloud Foundry with four instances and one Redis, to see two things. Both take a minute.</p>
<ol class="tour">
<li><h3>Visits add up, whichever instance answers</h3><p>Reload this page a few times. The instance changes, the count goes on: the session isn’t in the instance, it is in Redis. With the memory store the count starts again and again.</p></li>
<li><h3>They go on after a restart</h3><p>Remember the count, and restart every instance:</p>
<ul><li>2012: <code>vmc restart redisSessions</code></li><li>Kubernetes: <code>kubectl rollout restart deployment/redissessions</code></li><li><code>npm run demo</code>: press <kbd>r</kbd></li></ul>
<p>The picture shows them leave and come back. Visit again: the count goes on from where it was.</p></li>
<li><h3>And since: at once</h3><p>Both tests send one visit at a time. <em>50 visits at once</em> shows what they didn’t: with the usual store most of the visits are answered and then lost.</p></li>
</ol></section>`
}
