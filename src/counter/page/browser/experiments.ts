// The experiments: each acts as a visitor and judges only what it can know.
import type { StoreName } from '../../config/store-names.js'
import type { Instance } from '../../instances/instance.js'
import { dots, figures, type Verdict } from '../parts/figures.js'
import { type Html, html } from '../parts/html.js'
import { colour, grouped, label, many } from '../parts/words.js'
import { type CountedVisit, pause, Refused, type StoredSession } from './counter-client.js'

/** What an experiment may do, with a session of the page's or of its own. */
export interface Lab {
  /** The store that the last answer came from. */
  readonly store: StoreName
  /** The count as last seen; null: there is no session. */
  readonly visits: number | null
  /** The instances that are alive, as far as is known. */
  readonly instances: readonly Instance[]
  visit(): Promise<CountedVisit>
  stored(): Promise<StoredSession | null>
  end(): Promise<void>
  /** Ends the instance that answers next. @returns which one. */
  endInstance(mode: 'kill' | 'graceful'): Promise<Instance | undefined>
}

export interface Outcome {
  readonly verdict: Verdict
  readonly body: Html
}

/** Runs an experiment; it may show what it has so far, and returns what came out. */
export type Experiment = (lab: Lab, show: (progress: Html) => void) => Promise<Outcome>

const REFRESHES = 10
/** Slow enough to see who answers. */
const REFRESH_EVERY_MS = 170
const AT_ONCE = 50
const ROUNDS = 20
/** Requests take turns with those of others: some more than one for each instance are needed to reach all. */
const TURNS_PER_INSTANCE = 6
/** With the request that ends the session they are as many as a browser has in flight to one host. */
const IN_FLIGHT = 5

/** One visit after the other: does each carry on from the one before? */
export const refresh: Experiment = async (lab, show) => {
  let last = lab.visits ?? 0
  let carriedOn = 0
  const steps: Html[] = []
  const met = new Set<string>()
  for (let turn = 0; turn < REFRESHES; turn++) {
    const { visits, instance } = await lab.visit()
    if (visits > last) carriedOn++
    met.add(instance.id)
    steps.push(square(visits > last ? 'good' : 'lost', instance, visits))
    last = visits
    show(dots(steps, REFRESHES))
    await pause(REFRESH_EVERY_MS)
  }
  const text = `The count carried on in ${carriedOn} of ${REFRESHES} visits, over ${many(met.size, 'instance')}.`
  const body = dots(steps, REFRESHES)
  if (carriedOn < REFRESHES) return { verdict: { kind: 'bad', text }, body }
  if (lab.store === 'memory')
    return { verdict: { kind: 'open', text: `${text} ${remembered(met.size)}` }, body }
  return { verdict: { kind: 'good', text }, body }
}

/** Visits that overlap: is each one counted, and does each see a number of its own? */
export const burst: Experiment = async (lab, show) => {
  const before = (await lab.stored())?.visits ?? 0
  const numbers = new Set<number>()
  const steps: Html[] = []
  const visits = Array.from({ length: AT_ONCE }, async () => {
    const answer = await lab.visit().catch(refused)
    if (!answer) return
    steps.push(square(numbers.has(answer.visits) ? 'lost' : 'good', answer.instance, answer.visits))
    numbers.add(answer.visits)
    show(dots(steps, AT_ONCE))
  })
  await Promise.all(visits)
  const answered = steps.length
  const stored = (await lab.stored())?.visits ?? 0
  const counted = Math.max(0, stored - before)
  const rows: [string, number][] = [
    ['sent', AT_ONCE],
    ['answered', answered],
    ['numbers', numbers.size],
  ]
  // In memory, the instance that is asked knows only what it counted itself.
  if (lab.store !== 'memory') rows.push(['counted', counted])
  const verdict = burstVerdict(lab.store, answered, counted, numbers.size)
  return { verdict, body: html`${figures(rows)}${dots(steps, AT_ONCE)}` }
}

function burstVerdict(store: StoreName, answered: number, counted: number, numbers: number): Verdict {
  const repeated = answered - numbers
  if (store === 'memory') {
    if (repeated === 0) return { kind: 'open', text: remembered(1) }
    return {
      kind: 'bad',
      text: `Each instance counted for itself: ${answered} visits saw ${many(numbers, 'different number')}.`,
    }
  }
  const lost = answered - counted
  if (lost > 0)
    return {
      kind: 'bad',
      text: `${lost} of ${answered} visits were answered, and then lost (${percent(lost, answered)}).`,
    }
  if (repeated > 0)
    return { kind: 'bad', text: `${many(repeated, 'visit')} saw a number that another visit saw, too.` }
  if (answered < AT_ONCE)
    return { kind: 'open', text: 'The session ended in the middle of it: this run shows nothing.' }
  if (lost < 0)
    return {
      kind: 'open',
      text: `Each saw a number of its own. ${many(-lost, 'more visit')} came from elsewhere in the meantime, perhaps from another tab.`,
    }
  return { kind: 'good', text: 'Each visit was counted, and each saw a number of its own.' }
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
    const returned = await isBack(lab, old)
    if (old.size > 0) judged++
    if (returned) back++
    const mark = old.size === 0 ? '?' : returned ? '✗' : '✓'
    steps.push(html`<i class="${returned ? 'lost' : 'good'}">${mark}</i>`)
    show(dots(steps, ROUNDS))
  }
  return { verdict: raceVerdict(lab.store, judged, back), body: dots(steps, ROUNDS) }
}

function raceVerdict(store: StoreName, judged: number, back: number): Verdict {
  if (back > 0)
    return {
      kind: 'bad',
      text: `In ${back} of ${ROUNDS} rounds the ended session came back: logged out, and still logged in.`,
    }
  if (store === 'memory')
    return {
      kind: 'open',
      text: `In ${ROUNDS - judged} of ${ROUNDS} rounds the next instance didn’t know the session, so it could not be ended there.`,
    }
  if (judged < ROUNDS)
    return {
      kind: 'open',
      text: `Judged ${judged} of ${ROUNDS} rounds: in the others the session was not found.`,
    }
  return { kind: 'good', text: `Ended ${ROUNDS} times, and each time it stayed ended.` }
}

/** The instance that answers next is killed, and a visit follows at once. */
export const kill: Experiment = async (lab) => {
  // Something must be there to carry on from.
  const before = lab.visits ?? (await lab.visit()).visits
  const victim = await lab.endInstance('kill')
  if (!victim)
    return {
      verdict: { kind: 'open', text: 'No instance took the request, so none was killed.' },
      body: html``,
    }
  const { visits, instance } = await lab.visit()
  const body = html`<p>Instance ${chip(victim)} was killed. Your next visit went to ${chip(instance)}.</p>`
  if (visits <= before)
    return {
      verdict: {
        kind: 'bad',
        text: `The count did not carry on: ${grouped(visits)} after ${grouped(before)}.`,
      },
      body,
    }
  const text = `The count carried on: ${grouped(visits)} after ${grouped(before)}.`
  if (lab.store === 'memory') return { verdict: { kind: 'open', text: `${text} ${remembered(1)}` }, body }
  return { verdict: { kind: 'good', text }, body }
}

/** Each instance is asked to stop, as a rollout does, until all have been replaced; visits go on in the meantime. */
export const restart: Experiment = async (lab, show) => {
  let last = (await lab.visit()).visits
  const old = new Set(lab.instances.map(({ id }) => id))
  const all = old.size
  const steps: Html[] = []
  for (let turn = 0; old.size > 0 && turn < TURNS_PER_INSTANCE * all; turn++) {
    const ended = await lab.endInstance('graceful')
    if (ended) old.delete(ended.id)
    const { visits, instance } = await lab.visit()
    steps.push(square(visits > last ? 'good' : 'lost', instance, visits))
    if (visits <= last) break
    last = visits
    show(dots(steps, steps.length))
    await pause(REFRESH_EVERY_MS)
  }
  const body = dots(steps, steps.length)
  if (steps.some(({ markup }) => markup.includes('lost')))
    return { verdict: { kind: 'bad', text: 'The count started again.' }, body }
  if (old.size > 0)
    return { verdict: { kind: 'open', text: `${all - old.size} of ${all} instances were restarted.` }, body }
  if (lab.store === 'memory') return { verdict: { kind: 'open', text: remembered(1) }, body }
  return {
    verdict: {
      kind: 'good',
      text: `All ${all} instances were replaced, and the count carried on to ${grouped(last)}.`,
    },
    body,
  }
}

export const EXPERIMENTS = { refresh, burst, race, kill } as const

/** Why a count in memory may carry on: it proves nothing. */
function remembered(instances: number): string {
  if (instances > 1) return 'By luck: each instance remembers only its own visitors.'
  return 'By luck: one instance answered, and it remembers you. Another one would not.'
}

async function isBack(lab: Lab, old: ReadonlySet<number>): Promise<boolean> {
  // With sessions in memory, only one instance can know: ask as often as there are instances.
  const looks = lab.store === 'memory' ? lab.instances.length : 1
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

function square(kind: 'good' | 'lost', instance: Instance, visits: number): Html {
  return html`<i class="${kind} ${colour(instance)}">${visits < 10_000 && visits}</i>`
}

function chip(instance: Instance): Html {
  return html`<span class="chip ${colour(instance)}">${label(instance)}</span>`
}

function percent(part: number, whole: number): string {
  return `${Math.round((100 * part) / whole)} %`
}
