import { type Browser, chromium } from 'playwright-core'
import { findProgram } from '../../src/local/system-package.js'

/** Starts a Chromium (CHROMIUM names the program) that talks to nobody but the page. */
export async function startBrowser(...args: string[]): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? findProgram('chromium', 'chromium-browser', 'google-chrome')
  if (!executablePath) throw new Error('no Chromium here: npm test installs it')
  const quiet = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking']
  const own = ['--disable-component-update', '--disable-sync', ...args]
  // Chromium's sandbox refuses to run for root, as in CI's containers.
  return chromium.launch({
    executablePath,
    args: [...quiet, ...own],
    chromiumSandbox: process.getuid?.() !== 0,
  })
}
