// Destroys sessions while visits to them are under way, and looks whether they come back.
import { CouldNotRun } from './could-not-run.js'
import { RequestFailed, reasonOf } from './http/failure.js'
import type { AppSession } from './journey/app-session.js'
import type { Pace } from './pace.js'
import type { Journal } from './record/journal.js'

export interface DestroyOptions {
  /** How long one step is tried, in ms. */
  patienceMs: number
  /** The number that a new session's first visit gets. */
  first: number
  /** Sessions that each browser destroys, one after the other. */
  rounds: number
}

/** A browser that begins sessions and destroys them. */
export interface Destroyer {
  index: number
  newSession(): AppSession
}

export interface DestroySummary {
  tried: number
  /** Of those tried: the session was destroyed, and its old cookie got an answer afterwards. */
  judged: number
  resurrected: number
  /** Why others could not be judged, and how many. */
  problems: Record<string, number>
}

/** A visit that keeps failing the same way will not be answered otherwise later. */
const SAME_FAILURES = 5
const VISITS_IN_FLIGHT = 4
/** More than the visits in flight can count in a new session under the old id: a higher number is the old session. */
const VISITS_BEFORE = VISITS_IN_FLIGHT + 2

/**
 * A visit that loaded its session before it was destroyed and saves it after brings it back: it is resurrected.
 */
export async function destroyInFlight(
  destroyers: readonly Destroyer[],
  journal: Journal,
  pace: Pace,
  options: DestroyOptions,
): Promise<DestroySummary> {
  const summary: DestroySummary = { tried: 0, judged: 0, resurrected: 0, problems: {} }
  await Promise.all(
    destroyers.map(async ({ index, newSession }) => {
      for (let round = 0; round < options.rounds && !pace.abandoned; round++) {
        summary.tried++
        try {
          const resurrected = await destroyOne(newSession(), pace, options)
          summary.judged++
          if (!resurrected) continue
          summary.resurrected++
          journal.anomaly({ at: journal.now(), anomaly: 'resurrected', count: 1, browser: index })
        } catch (error) {
          if (error instanceof CouldNotRun) throw error
          const reason = reasonOf(error)
          summary.problems[reason] = (summary.problems[reason] ?? 0) + 1
        }
      }
    }),
  )
  return summary
}

/** @returns whether the session came back @throws when it cannot be told */
async function destroyOne(session: AppSession, pace: Pace, options: DestroyOptions): Promise<boolean> {
  await visitsBefore(session, pace, options)
  const old = session.copy()
  const visits = Array.from({ length: VISITS_IN_FLIGHT }, async () => {
    await pace.moment()
    // They may be counted, refused or lost: nobody has been promised anything here.
    await old.visit({}, { keepsCookies: () => false }).catch(() => {})
  })
  await pace.moment()
  let unanswered = false
  await persistently(pace, options, async () => {
    try {
      await session.logout()
    } catch (error) {
      // The logout before this one may have had its effect, only its answer was lost.
      if (unanswered && error instanceof RequestFailed && /^(401|403|404|410)$/.test(error.reason)) return
      unanswered ||= !(error instanceof RequestFailed && /^\d\d\d$/.test(error.reason))
      throw error
    }
  })
  await Promise.all(visits)
  // Behind a load balancer another instance may still know it. Without a way to read, a look counts a visit.
  for (let look = 0; look < (old.canRead ? 3 : 1); look++) {
    if (await persistently(pace, options, () => isAlive(old, options.first, VISITS_BEFORE))) return true
  }
  return false
}

/**
 * Looks with the cookies as they were before the session was destroyed.
 * @param count how many visits the session had counted
 */
export async function isAlive(old: AppSession, first: number, count: number): Promise<boolean> {
  const looking = old.copy()
  try {
    const number = looking.canRead ? await looking.read() : (await looking.visit()).number - 1
    return number !== undefined && number - first + 1 >= count
  } catch (error) {
    // An app that refuses the old cookie has ended the session.
    if (error instanceof RequestFailed && /^(401|403|404|409|410|logged out)$/.test(error.reason))
      return false
    throw error
  }
}

async function visitsBefore(session: AppSession, pace: Pace, options: DestroyOptions): Promise<void> {
  let number = 0
  for (let visit = 0; visit < VISITS_BEFORE; visit++) {
    number = (await persistently(pace, options, () => session.visit())).number
  }
  if (number - options.first + 1 < VISITS_BEFORE) throw new RequestFailed('no session to destroy')
}

async function persistently<T>(pace: Pace, options: DestroyOptions, work: () => Promise<T>): Promise<T> {
  const end = performance.now() + options.patienceMs
  let failures = 0
  let last = ''
  for (;;) {
    try {
      return await work()
    } catch (error) {
      const reason = reasonOf(error)
      failures = reason === last ? failures + 1 : 1
      last = reason
      const final =
        failures >= SAME_FAILURES && /^([345]\d\d|wrong answer|no .*)$/.test(reason) && reason !== '503'
      if (final || performance.now() > end || pace.abandoned) throw error
      await pace.pause(200)
    }
  }
}
