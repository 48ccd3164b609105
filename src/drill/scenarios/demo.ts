// The demo that runs on this machine, as a target of faults.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { request } from 'undici'
import { CouldNotRun } from '../could-not-run.js'
import { CONTROL_FILE, type ControlFile } from './control-file.js'
import type { LocalTarget } from './local.js'

/**
 * The demo that runs on this machine, reached through the control file in its data folder.
 * @throws CouldNotRun when none runs there, or it is not the one at `url`
 */
export function demoTarget(dataFolder: string, url: URL): LocalTarget {
  const control = readControl(dataFolder)
  if (new URL(control.demo).origin !== url.origin)
    throw new CouldNotRun(`the demo of ${dataFolder} is at ${control.demo}, not at ${url.origin}`)
  const order = async (what: string): Promise<void> => {
    const { statusCode, body } = await request(new URL(what, control.url), {
      method: 'POST',
      headers: { authorization: `Bearer ${control.token}` },
      headersTimeout: 60_000,
    })
    const answer = await body.text()
    if (statusCode !== 204) throw new Error(`the demo could not ${what}: ${answer}`)
  }
  return {
    restart: () => order('restart'),
    scale: () => order('scale'),
    killAndWait: () => order('kill'),
    stopRedis: () => order('stop-redis'),
    startRedis: () => order('start-redis'),
  }
}

function readControl(dataFolder: string): ControlFile {
  try {
    return JSON.parse(readFileSync(join(dataFolder, CONTROL_FILE), 'utf8'))
  } catch {
    throw new CouldNotRun(`no demo runs with its data in ${dataFolder}: start it with npm run demo`)
  }
}
