// The load: every browser visits until the pace says stop.
import type { Browser } from './browser.js'
import type { Pace } from './pace.js'

interface LoadOptions {
  /** Visits that one browser sends at once. */
  burst: number
  thinkMs: number
}

/** Returns when nothing is under way any more. */
export async function runLoad(browsers: readonly Browser[], pace: Pace, options: LoadOptions): Promise<void> {
  await Promise.all(
    browsers.map(async (browser, index) => {
      // Not all in the same instant: two thousand at once would measure the listen queue.
      await pace.wait(index * Math.max(1, Math.min(20, 1000 / browsers.length)))
      while (!pace.stopped) await visitRound(browser, pace, options)
    }),
  )
}

async function visitRound(browser: Browser, pace: Pace, { burst, thinkMs }: LoadOptions): Promise<void> {
  const began = performance.now()
  // The first visit goes alone: without a cookie each parallel one would get a session of its own.
  const count = pace.take(browser.hasSession() ? burst : 1)
  if (count === 0) return
  const due = await pace.visitTurn(count)
  if (pace.cancelled && performance.now() < due) return
  const acknowledged = await browser.visitAtOnce(count, due)
  // A refused visit takes no time: without a pause the failures would be counted by the thousand.
  await pace.think(acknowledged ? thinkMs : Math.max(thinkMs, 200))
  browser.roundTook(performance.now() - began)
}
