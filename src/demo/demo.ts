// `npm run demo`: the local platform in a terminal.
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SettingsError } from '../counter/config/settings-error.js'
import { openControl } from './control.js'
import { actOn } from './demo-keys.js'
import { readDemoSettings } from './demo-settings.js'
import { startPlatform } from './platform.js'
import { overview, readKeys } from './terminal.js'

const PROJECT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
/** One Ctrl-C may arrive twice: from the terminal, and passed on by npm. */
const SIGINT_DEDUP_MS = 1_000

const say = (line: string) => console.log(`  ${new Date().toTimeString().slice(0, 8)}  ${line}`)

async function demo(quitting: AbortController, quit: () => void): Promise<void> {
  const { port, instances, store, redisUrl, ...settings } = readDemoSettings(process.env)
  const dataFolder = resolve(settings.dataFolder ?? join(PROJECT, '.data'))
  const inside = relative('.', dataFolder)
  const shown = inside.startsWith('..') ? dataFolder : inside
  console.log(`RedisSessions: starting Redis, ${instances} instances and a load balancer`)
  const platform = await startPlatform({
    store,
    instances,
    dataFolder,
    port,
    redisUrl,
    environment: process.env,
    say,
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error
    throw new Error(`port ${port} is taken: choose another with DEMO_PORT`)
  })
  const control = await openControl(dataFolder, platform)
  let doing = Promise.resolve()
  const closeKeys = readKeys(process.stdin, (key) => {
    if (key === 'q' || key === '\u0003') return quit()
    doing = doing
      .then(() => (quitting.signal.aborted ? undefined : actOn(key, platform)))
      .catch((error: Error) => error.message)
      .then((line) => (line && !quitting.signal.aborted ? say(line) : undefined))
  })
  if (!quitting.signal.aborted)
    console.log(overview(platform, shown, process.stdout.isTTY && !process.env.NO_COLOR))
  await new Promise((resolve) => {
    if (quitting.signal.aborted) resolve(undefined)
    quitting.signal.addEventListener('abort', resolve)
  })
  closeKeys()
  say('stopping')
  control.close()
  await platform.stop()
  say(`stopped; the data stays in ${shown}`)
}

const quitting = new AbortController()
let wished = 0
function quit(): void {
  if (!quitting.signal.aborted) {
    wished = Date.now()
    quitting.abort()
  } else if (Date.now() - wished > SIGINT_DEDUP_MS) {
    process.exit(1)
  }
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, quit)

try {
  await demo(quitting, quit)
  process.exit(0)
} catch (error) {
  console.error(`npm run demo: ${error instanceof Error ? error.message : error}`)
  process.exit(error instanceof SettingsError ? 78 : 1)
}
