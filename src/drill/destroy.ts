import type { Adapter } from './adapter.js'
import type { Journal } from './books/journal.js'
import type { Browser } from './browser.js'
import { cookieFrom } from './http/cookie.js'
import { reasonOf } from './http/failure.js'
import type { Pace } from './pace.js'

interface DestroyOptions {
  adapter: Adapter
  cookieName: string
  patienceMs: number
  first: number
  /** Sessions that each browser destroys, one after the other. */
  rounds: number
}

export interface DestroySummary {
  tried: number
  /** Of those tried: the session was destroyed, and its old cookie got an answer afterwards. */
  judged: number
  resurrected: number
  /** Why others could not be judged. */
  problem?: string
}

const VISITS_IN_FLIGHT = 4

/**
 * Destroys sessions while visits to them are in flight, and looks whether the old cookie works afterwards. A visit
 * that loaded its session before it was destroyed and saves it after brings it back from the dead.
 */
export async function destroyInFlight(
  browsers: readonly Browser[],
  journal: Journal,
  pace: Pace,
  options: DestroyOptions,
): Promise<DestroySummary> {
  const summary: DestroySummary = { tried: 0, judged: 0, resurrected: 0 }
  await Promise.all(
    browsers.map(async (browser) => {
      for (let round = 0; round < options.rounds && !pace.abandoned; round++) {
        summary.tried++
        try {
          const alive = await destroyOne(browser, pace, options)
          summary.judged++
          if (!alive) continue
          summary.resurrected++
          journal.fault({ at: journal.now(), fault: 'resurrected', count: 1, browser: browser.index })
        } catch (error) {
          summary.problem = reasonOf(error)
        }
      }
    }),
  )
  return summary
}

/** @returns whether the session lives on @throws when it cannot be told */
async function destroyOne(browser: Browser, pace: Pace, options: DestroyOptions): Promise<boolean> {
  const { adapter } = options
  const destroy = adapter.destroy
  if (!destroy) throw new Error('no way to destroy a session')

  // Without a way to look, only a count higher than those visits could have made tells the old session from a new one.
  const { cookie, count } = await freshSession(
    browser,
    adapter.session ? 1 : VISITS_IN_FLIGHT + 2,
    pace,
    options,
  )
  const visits = Array.from({ length: VISITS_IN_FLIGHT }, async () => {
    await pace.moment()
    // They may be counted, refused or lost: nobody has been promised anything here.
    await browser.send(adapter.visit, cookie).catch(() => {})
  })
  await pace.moment()
  await until(pace, options, async () => {
    const { status } = await browser.send(destroy, cookie)
    if (status >= 400 && status !== 404) throw new Error(`${destroy.method} ${destroy.path}: ${status}`)
  })
  await Promise.all(visits)

  return until(pace, options, async () => {
    if (!adapter.session)
      return browser.numberIn(await browser.send(adapter.visit, cookie)) - options.first >= count
    // Behind a load balancer another instance may know it still.
    for (let look = 0; look < 3; look++) {
      const answer = await browser.send(adapter.session, cookie)
      if (answer.status === 404) continue
      browser.numberIn(answer)
      return true
    }
    return false
  })
}

async function freshSession(browser: Browser, visits: number, pace: Pace, options: DestroyOptions) {
  let cookie = ''
  let count = 0
  for (let visit = 0; visit < visits; visit++) {
    await until(pace, options, async () => {
      const answer = await browser.send(options.adapter.visit, cookie)
      count = browser.numberIn(answer) - options.first + 1
      cookie = cookieFrom(answer.setCookie, options.cookieName) ?? cookie
    })
  }
  if (cookie === '' || count < visits) throw new Error('no session to destroy')
  return { cookie, count }
}

async function until<T>(pace: Pace, options: DestroyOptions, work: () => Promise<T>): Promise<T> {
  const end = performance.now() + options.patienceMs
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (performance.now() > end || pace.abandoned) throw error
      await pace.pause(200)
    }
  }
}
