// The last visits as a strip.
import type { Instance, LiveInstance } from '../../instances/instance.js'
import type { Visit } from '../../visit/trail.js'
import { type Html, html } from './html.js'
import { pinnedHint } from './pinned.js'
import { colour, label } from './words.js'

/** How a time is written; the browser's script knows the reader's time zone, the server doesn't. */
type TimeText = (at: number) => string

/** The last visits as a strip, oldest first, and each instance's share of them; a hint if one had them all. */
export function trail(
  visits: readonly Visit[],
  timeText: TimeText,
  instances: readonly LiveInstance[],
): Html {
  if (visits.length === 0) return html`<p class="quiet">None yet.</p>`
  const steps = visits.map(
    ({ at, instance }) =>
      html`<li class="${colour(instance)}"><span class="unseen">Instance </span>${label(instance)} <time datetime="${iso(at)}">${timeText(at)}</time></li>`,
  )
  const shares = sharesOf(visits)
  let start = 0
  const bars = shares.map(({ instance, part }) => {
    const bar = html`<rect class="share ${colour(instance)}" x="${start}" width="${part}" height="1"/>`
    start += part
    return bar
  })
  const words = shares.map(
    ({ instance, part }) =>
      html`<li><span class="chip ${colour(instance)}">${label(instance)}</span> ${part} of ${visits.length}</li>`,
  )
  const named = visits.some(({ instance }) => label(instance).length > 3) && ' named'
  return html`<ol class="strip${named}">${steps}</ol>
<svg class="bar" viewBox="0 0 ${visits.length} 1" preserveAspectRatio="none" aria-hidden="true">${bars}</svg>
<ul class="shares" aria-label="Share of each instance">${words}</ul>${pinnedHint(visits, instances)}`
}

// A time of a clock that is far off must not break the page.
function iso(at: number): string {
  const time = new Date(at)
  return Number.isNaN(time.getTime()) ? '' : time.toISOString()
}

function sharesOf(visits: readonly Visit[]): { instance: Instance; part: number }[] {
  const parts = new Map<string, { instance: Instance; part: number }>()
  // By its name: an instance that was restarted is the same one to a reader.
  for (const { instance } of visits) {
    const share = parts.get(label(instance)) ?? { instance, part: 0 }
    share.part++
    parts.set(label(instance), share)
  }
  const byName = new Intl.Collator('en', { numeric: true }).compare
  return [...parts.values()].sort((a, b) => byName(label(a.instance), label(b.instance)))
}
