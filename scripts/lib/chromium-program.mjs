// Finds a Chromium for the tests and the screenshots, or installs one after a yes. Plain JavaScript without dependencies, for
// it runs on a fresh clone, before `npm ci`.
import { existsSync } from 'node:fs'
import { CHROMIUM_PACKAGE, installCommand, installSystemPackage, onPath } from './system-package.mjs'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const MACOS = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** @returns {string | undefined} the program that CHROMIUM names, else one of this machine */
export function chromiumProgram() {
  return process.env.CHROMIUM || onPath(...NAMES) || MACOS.find((path) => existsSync(path))
}

/**
 * Sees to it that there is a Chromium.
 * @param {(line: string) => void} say
 * @throws {Error} that names the ways, if there is none
 */
export async function prepareChromium(say) {
  if (chromiumProgram()) return
  say('no Chromium here, which the tests of the page need')
  if ((await installSystemPackage(CHROMIUM_PACKAGE, say)) && chromiumProgram()) return
  throw new Error(
    [
      'There is no Chromium on this machine. Either of these helps:',
      `  ${installCommand(CHROMIUM_PACKAGE) ?? 'install Chromium or Google Chrome'}`,
      '  CHROMIUM=/path/to/chrome npm test   (one that is not on PATH)',
    ].join('\n'),
  )
}
