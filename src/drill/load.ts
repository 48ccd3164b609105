import type { Browser } from './browser.js'
import type { Pace } from './pace.js'

interface LoadOptions {
  /** Visits that one browser has under way at a time. */
  concurrency: number
  thinkMs: number
}

/** Lets every browser visit until the pace says stop; returns when nothing is under way any more. */
export async function runLoad(browsers: readonly Browser[], pace: Pace, options: LoadOptions): Promise<void> {
  await Promise.all(
    browsers.map(async (browser, index) => {
      // Not all in the same instant: two thousand at once would measure the listen queue.
      await pace.wait(index * Math.max(1, Math.min(20, 1000 / browsers.length)))
      // The first visit goes alone: without a cookie each parallel one would get a session of its own.
      while (!pace.stopped && browser.cookie === '') await visitOnce(browser, pace, options.thinkMs)
      await Promise.all(
        Array.from({ length: options.concurrency }, async () => {
          while (!pace.stopped) await visitOnce(browser, pace, options.thinkMs)
        }),
      )
    }),
  )
}

async function visitOnce(browser: Browser, pace: Pace, thinkMs: number): Promise<void> {
  await pace.turn()
  if (pace.stopped) return
  const acknowledged = await browser.visit()
  // A refused visit takes no time: without a pause the failures would be counted by the thousand.
  await pace.think(acknowledged ? thinkMs : Math.max(thinkMs, 200))
}
