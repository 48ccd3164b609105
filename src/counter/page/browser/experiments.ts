import { type Html, html } from '../parts/html.js'
import type { PageState } from '../parts/state.js'
import { colour, grouped, label } from '../parts/words.js'
import { type CountedVisit, killInstance, pause, Refused, type StoredSession } from './api.js'
import type { Stage } from './stage.js'

/** What an experiment may do: each goes through the page, which shows it. */
export interface Lab {
  readonly state: PageState
  readonly stage: Stage
  visit(): Promise<CountedVisit>
  stored(): Promise<StoredSession | null>
  end(): Promise<void>
}

/** Runs an experiment; it may show what it has so far, and returns what came out. */
export type Experiment = (lab: Lab, show: (result: Html) => void) => Promise<Html>

const REFRESHES = 10
/** Slow enough to see who answers. */
const REFRESH_EVERY_MS = 170
const AT_ONCE = 50
const ROUNDS = 20
/** With the request that ends the session they are as many as a browser has in flight to one host. */
const IN_FLIGHT = 5

/** One visit after the other: does each go on from the one before? */
export const refresh: Experiment = async (lab, show) => {
  let last = lab.state.visits ?? 0
  let wentOn = 0
  const steps: Html[] = []
  for (let turn = 0; turn < REFRESHES; turn++) {
    const { visits, instance } = await lab.visit()
    if (visits > last) wentOn++
    steps.push(square(visits > last ? 'good' : 'lost', instance, visits))
    last = visits
    show(dots(steps, REFRESHES))
    await pause(REFRESH_EVERY_MS)
  }
  const good = wentOn === REFRESHES
  const text = `The count went on in ${wentOn} of ${REFRESHES} visits.`
  return html`${verdict(good, text)}${dots(steps, REFRESHES)}`
}

/** Visits that overlap: is each one counted, and does each see a number of its own? */
export const burst: Experiment = async (lab, show) => {
  const before = (await lab.stored())?.visits ?? 0
  const seen = new Set<number>()
  const steps: Html[] = []
  const visits = Array.from({ length: AT_ONCE }, async () => {
    const answer = await lab.visit().catch(refused)
    if (!answer) return
    steps.push(square(seen.has(answer.visits) ? 'lost' : 'good', answer.instance, answer.visits))
    seen.add(answer.visits)
    show(dots(steps, AT_ONCE))
  })
  await Promise.all(visits)
  const counted = Math.max(0, ((await lab.stored())?.visits ?? 0) - before)
  const answered = steps.length
  const lost = answered - counted
  const good = lost === 0 && seen.size === answered
  const text = good
    ? 'All equal: each visit was counted, and each saw a number of its own.'
    : lost > 0
      ? `${lost} of ${answered} visits were answered, and then lost.`
      : 'The session counted other visits too: is it open elsewhere?'
  return html`${figures([
    ['sent', AT_ONCE],
    ['answered', answered],
    ['counted', counted],
    ['different', seen.size],
  ])}${verdict(good, text)}${dots(steps, AT_ONCE)}`
}

/** A session that is ended while visits to it are on their way: is it found again afterwards? */
export const race: Experiment = async (lab, show) => {
  const steps: Html[] = []
  let back = 0
  let judged = 0
  for (let round = 0; round < ROUNDS; round++) {
    await lab.visit()
    const old = new Set((await lab.stored())?.trail.map(({ at }) => at))
    const visits = Array.from({ length: IN_FLIGHT }, () => lab.visit().catch(refused))
    await Promise.all([...visits, lab.end()])
    const lived = await isBack(lab, old)
    if (old.size > 0) judged++
    if (lived) back++
    steps.push(html`<i class="${lived ? 'lost' : 'good'}">${old.size === 0 ? '?' : lived ? '✗' : '✓'}</i>`)
    show(dots(steps, ROUNDS))
  }
  return html`${raceVerdict(judged, back)}${dots(steps, ROUNDS)}`
}

function raceVerdict(judged: number, back: number): Html {
  if (back > 0)
    return verdict(
      false,
      `Came back from the dead in ${back} of ${ROUNDS} rounds: logged out, and still logged in.`,
    )
  if (judged < ROUNDS) {
    const lost = ROUNDS - judged
    return verdict(false, `In ${lost} of ${ROUNDS} rounds the session was lost before it could be ended.`)
  }
  return verdict(true, `Ended ${ROUNDS} times, and each time it stayed ended.`)
}

/** The next instance to answer is killed, and a visit follows at once. */
export const kill: Experiment = async (lab) => {
  const before = lab.state.visits
  const victim = await killInstance()
  if (!victim) return verdict(false, 'Nobody took the request: no instance was killed.')
  lab.stage.left(victim)
  const { visits, instance } = await lab.visit()
  const good = visits === (before ?? 0) + 1
  return html`<p>Instance <span class="chip ${colour(victim)}">${label(victim)}</span> was killed. Your next visit went to <span class="chip ${colour(instance)}">${label(instance)}</span>.</p>${verdict(
    good,
    good
      ? `The count went on: ${grouped(visits)}.`
      : `The count did not go on: ${grouped(visits)} after ${grouped(before ?? 0)}.`,
  )}`
}

async function isBack(lab: Lab, old: ReadonlySet<number>): Promise<boolean> {
  // With sessions in memory, only one instance can know: ask as often as there are instances.
  const looks = lab.state.store === 'memory' ? lab.stage.live : 1
  for (let look = 0; look < looks; look++) {
    const session = await lab.stored()
    // A visit that came after the end has begun a new session: only an old step tells that it is the old one.
    if (session?.trail.some(({ at }) => old.has(at))) return true
  }
  return false
}

/** A visit that the store has refused, since its session has ended, is a result too. */
function refused(error: unknown): undefined {
  if (!(error instanceof Refused)) throw error
}

function square(kind: 'good' | 'lost', instance: CountedVisit['instance'], visits: number): Html {
  return html`<i class="${kind} ${colour(instance)}">${visits < 10_000 && visits}</i>`
}

function dots(steps: readonly Html[], all: number): Html {
  const open = Array.from({ length: all - steps.length }, () => html`<i></i>`)
  return html`<div class="dots" aria-hidden="true">${steps}${open}</div>`
}

function figures(rows: readonly (readonly [string, number])[]): Html {
  return html`<dl class="figures">${rows.map(([name, figure]) => html`<div><dt>${name}</dt><dd>${grouped(figure)}</dd></div>`)}</dl>`
}

function verdict(good: boolean, text: string): Html {
  return html`<p class="verdict ${good ? 'good' : 'bad'}">${good ? '✓' : '✗'} ${text}</p>`
}
