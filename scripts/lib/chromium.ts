import { type Browser, chromium } from 'playwright-core'
import { findProgram } from '../../src/demo/system-package.js'

/** @returns the program that CHROMIUM names, else the path of the one on PATH; undefined for none. */
export function chromiumProgram(): string | undefined {
  return process.env.CHROMIUM ?? findProgram('chromium', 'chromium-browser', 'google-chrome')
}

/**
 * Starts a Chromium that talks to nobody but the page.
 * @throws Error where there is none.
 */
export async function startChromium(...args: string[]): Promise<Browser> {
  const executablePath = chromiumProgram()
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
