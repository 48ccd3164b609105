// Tells when the last visits all met one instance although others are alive.
import type { LiveInstance } from '../../instances/instance.js'
import type { Visit } from '../../visit/trail.js'
import { type Html, html } from './html.js'
import { colour, label } from './words.js'

/** With two instances that take turns by chance, this many in a row are met once in 32 times. */
const ENOUGH = 6

/** @returns how many of the last visits met one instance and no other, if others were alive; 0 if it means nothing. */
export function pinnedVisits(trail: readonly Visit[], instances: readonly LiveInstance[]): number {
  const last = trail.at(-1)
  if (!last) return 0
  const others = instances.filter(({ id }) => id !== last.instance.id)
  const since = Math.min(...others.map(({ startedAt }) => startedAt))
  let visits = 0
  for (const { at, instance } of trail.toReversed()) {
    if (instance.id !== last.instance.id || at < since) break
    visits++
  }
  return visits >= ENOUGH ? visits : 0
}

/** @returns what the page says then, and what helps. */
export function pinnedHint(trail: readonly Visit[], instances: readonly LiveInstance[]): Html | false {
  const visits = pinnedVisits(trail, instances)
  const last = trail.at(-1)
  if (visits === 0 || !last) return false
  const { instance } = last
  return html`<p class="hint">Your last ${visits} visits all met <span class="chip ${colour(instance)}">instance ${label(instance)}</span>, though ${instances.length} are alive. A browser keeps its connection, and a Service of Kubernetes balances connections, not requests. An Ingress or a Gateway balances each request; without one, reload the page, which may take a new connection.</p>`
}
