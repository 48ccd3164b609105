// Starts a Chromium, for the tests of the page and for the pictures in docs/images.
import { type Browser, chromium } from 'playwright-core'
import { chromiumProgram } from './chromium-program.mjs'

/**
 * Starts a Chromium that talks to nobody but the page.
 * @throws Error if there is none.
 */
export async function startChromium(...args: string[]): Promise<Browser> {
  const executablePath = chromiumProgram()
  if (!executablePath) throw new Error('there is no Chromium here: npm test says how to get one')
  const quiet = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking']
  const own = ['--disable-component-update', '--disable-sync', ...args]
  // Chromium's sandbox refuses to run for root, as in CI's containers.
  return chromium.launch({
    executablePath,
    args: [...quiet, ...own],
    chromiumSandbox: process.getuid?.() !== 0,
  })
}
