// Destroys sessions while visits to them are under way, and looks whether they come back.
import { CouldNotRun } from './could-not-run.js'
import { RequestFailed, reasonOf, waitAfter } from './http/failure.js'
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
  /** How the app answers at rest if a session is gone, unless a status says so. */
  refusal?: string | undefined
  /** The status of a logout that destroys a session although it is an error. */
  logoutStatus?: string | undefined
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
const LATER_MS = 500
/** The visits in flight, and the looks at a session that may count. */
const MOST_MORE = 2 * VISITS_IN_FLIGHT

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
      const cameBack = () => {
        summary.resurrected++
        journal.anomaly({ at: journal.now(), anomaly: 'resurrected', count: 1, browser: index })
      }
      const gone: AppSession[] = []
      for (let round = 0; round < options.rounds && !pace.abandoned; round++) {
        summary.tried++
        try {
          const { old, resurrected } = await destroyOne(newSession(), pace, options)
          summary.judged++
          if (resurrected) cameBack()
          else gone.push(old)
        } catch (error) {
          if (error instanceof CouldNotRun) throw error
          const reason = reasonOf(error)
          summary.problems[reason] = (summary.problems[reason] ?? 0) + 1
        }
      }
      // An app may save after it has answered.
      await pace.pause(LATER_MS)
      for (const old of gone) {
        if (pace.abandoned) break
        const { first, refusal } = options
        if (await isAlive(old, first, VISITS_BEFORE, refusal).catch(() => false)) cameBack()
      }
    }),
  )
  return summary
}

/** @returns the session with its old cookies, and whether it came back @throws when it cannot be told */
async function destroyOne(
  session: AppSession,
  pace: Pace,
  options: DestroyOptions,
): Promise<{ old: AppSession; resurrected: boolean }> {
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
      if (reasonOf(error) === options.logoutStatus) return
      // The logout before this one may have had its effect, only its answer was lost.
      if (unanswered && error instanceof RequestFailed && /^(401|403|404|410)$/.test(error.reason)) return
      unanswered ||= !(error instanceof RequestFailed && /^\d\d\d$/.test(error.reason))
      throw error
    }
  })
  await Promise.all(visits)
  // Behind a load balancer another instance may still know it. Without a way to read, a look counts a visit.
  for (let look = 0; look < (old.canRead ? 3 : 1); look++) {
    const { first, refusal } = options
    if (await persistently(pace, options, () => isAlive(old, first, VISITS_BEFORE, refusal)))
      return { old, resurrected: true }
  }
  return { old, resurrected: false }
}

/**
 * Looks with the cookies as they were before the session was destroyed.
 * @param count how many visits the session had counted
 * @param refusal how the app answers at rest if a session is gone
 * @throws RequestFailed if it cannot be told
 */
export async function isAlive(
  old: AppSession,
  first: number,
  count: number,
  refusal?: string,
): Promise<boolean> {
  const looking = old.copy()
  try {
    const fits = (one: number) => one - first <= count + MOST_MORE
    const number = looking.canRead ? await looking.read(fits) : (await looking.visit({}, {}, fits)).number - 1
    return number !== undefined && number - first + 1 >= count
  } catch (error) {
    // An app that refuses the old cookie, or sends the browser away to log in, has ended the session.
    if (error instanceof RequestFailed && (REFUSED.test(error.reason) || error.reason === refusal))
      return false
    throw error
  }
}

const REFUSED = /^(?!408|425|429)4\d\d$|^logged out$|^redirect to /

async function visitsBefore(session: AppSession, pace: Pace, options: DestroyOptions): Promise<void> {
  let number = 0
  for (let visit = 0; visit < VISITS_BEFORE; visit++) {
    const fits = (one: number) => one - options.first === visit
    number = (await persistently(pace, options, () => session.visit({}, {}, fits))).number
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
      if (error instanceof CouldNotRun) throw error
      const reason = reasonOf(error)
      failures = reason === last ? failures + 1 : 1
      last = reason
      const waitMs = error instanceof RequestFailed ? waitAfter(error) : 0
      const final =
        failures >= SAME_FAILURES && /^([345]\d\d|wrong answer|no .*)$/.test(reason) && waitMs === 0
      if (final || performance.now() > end || pace.abandoned) throw error
      await pace.pause(Math.max(200, waitMs))
    }
  }
}
