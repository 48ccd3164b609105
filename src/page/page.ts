import type { Instance, StoreName } from '../config/settings.js'
import type { Visit } from '../visit/count-visit.js'

export interface PageData {
  readonly visits: number
  readonly trail: readonly Visit[]
  readonly instance: Instance
  readonly store: StoreName
}

/** @returns the page as HTML: works without JavaScript. */
export function renderPage({ visits, trail, instance, store }: PageData): string {
  const steps = trail.map(
    (visit) =>
      `<li><time datetime="${new Date(visit.at).toISOString()}">${label(visit.instance)}</time></li>`,
  )
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${visits} visits · RedisSessions</title>
<main>
<h1>You have been here <strong>${visits}</strong> ${visits === 1 ? 'time' : 'times'}</h1>
<p>Answered by instance <strong>${label(instance)}</strong>, session in <strong>${store}</strong>.</p>
<p><a href="/">Visit again</a></p>
<h2>Your last visits</h2>
<ol>${steps.join('')}</ol>
</main>
</html>
`
}

function label({ id, index }: Instance): string {
  return escapeHtml(index === null ? id : `${index} (${id})`)
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
