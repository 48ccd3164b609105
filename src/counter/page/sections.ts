// The parts of the page that say what there is to try and to know.
import type { StoreName } from '../config/store-names.js'
import { EXPERIMENT_TEXTS, type ExperimentName } from './parts/experiment-texts.js'
import { type Html, html } from './parts/html.js'
import { storeList } from './parts/store-list.js'

/** The experiments' buttons; they need the script. */
export function experiments(chaos: boolean): Html {
  const names = (Object.keys(EXPERIMENT_TEXTS) as ExperimentName[]).filter((name) => chaos || name !== 'kill')
  const buttons = names.map((name) => {
    const { button, question } = EXPERIMENT_TEXTS[name]
    return html`<li><button data-experiment="${name}" aria-describedby="about-${name}">${button}</button><p id="about-${name}">${question}</p></li>`
  })
  return html`<noscript><p class="quiet">The experiments need JavaScript. Without it: reload the page, and watch the count and the instance.</p></noscript>
<ul id="experiments" class="experiments" aria-label="Experiments" hidden><li><button id="show-me" class="primary">Show me</button><p>Four experiments that play by themselves, in a minute.</p></li>${buttons}</ul>`
}

/** Asks before an instance is killed. */
export function killDialog(): Html {
  return html`<dialog id="kill" aria-labelledby="kill-title"><form method="dialog"><h2 id="kill-title">Kill an instance?</h2>
<p>The instance that answers the next request is killed (SIGKILL), with whatever it is doing for others. The platform starts it again.</p>
<div class="buttons"><button value="cancel">Cancel</button><button value="kill" class="danger">Kill it</button></div></form></dialog>`
}

/** What each store does, in a sentence. */
export function stores(current: StoreName): Html {
  return html`<section aria-labelledby="stores"><h2 id="stores">Where a session can be stored</h2><dl class="stores" id="store-list">${storeList(current)}</dl></section>`
}

/** The two tests that this app was made for in 2012, and what came since. */
export function tour(): Html {
  return html`<section aria-labelledby="tour"><h2 id="tour">Two tests from 2012, and one since</h2>
<p>This counter was first pushed to Cloud Foundry with four instances and one Redis, to see two things. Each takes a minute.</p>
<ol class="tour">
<li><h3>Visits add up, whichever instance answers</h3><p>Reload this page a few times. The instance changes and the count carries on, since the session is in Redis and not in an instance. With the memory store the count starts again and again.</p></li>
<li><h3>They carry on after a restart</h3><p>Remember the count, and restart every instance:</p>
<ul><li>2012: <code>vmc restart redisSessions</code></li><li>Kubernetes: <code>kubectl rollout restart deployment/redissessions</code></li><li><code>npm run demo</code>: press <kbd>r</kbd></li></ul>
<p>The picture shows them leave and come back. Visit again: the count carries on from where it was.</p></li>
<li><h3>Since then: at once</h3><p>Both tests send one visit at a time. <em>Send 50 visits at once</em> shows what they didn’t: with connect-redis, visits that overlap are answered and then lost. The result says how many.</p></li>
</ol>
<p class="quiet">More in the repository: docs/tour.md is a tour in 15 minutes, docs/kubernetes.md runs this on a cluster.</p></section>`
}
