// `npm run demo`: the local platform in a terminal.
import { relative } from 'node:path'
import { SettingsError } from '../counter/config/settings-error.js'
import { openControl } from './control.js'
import { actionOf } from './demo-keys.js'
import { readDemoSettings } from './demo-settings.js'
import { startPlatform } from './platform.js'
import { readKeys, TerminalOutput } from './terminal.js'

/** One Ctrl-C may arrive twice: from the terminal, and passed on by npm. */
const SIGINT_DEDUP_MS = 1_000

const terminal = new TerminalOutput(process.stdout, process.env)
const say = (line: string) => terminal.say(line)

async function demo(quitting: AbortController, quit: () => void): Promise<void> {
  const { port, instances, store, redisUrl, dataFolder } = readDemoSettings(process.env)
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
    // A pipe ends its lines.
    if (key === '\n') return
    doing = doing.then(() => act(key)).catch((error: Error) => say(error.message))
  })
  async function act(key: string): Promise<void> {
    if (quitting.signal.aborted) return
    const action = actionOf(key, platform)
    if (!action) return terminal.keys()
    say(action.begins)
    const line = await action.run()
    if (line && !quitting.signal.aborted) say(line)
  }
  if (!quitting.signal.aborted) {
    terminal.overview(platform, shown)
    if (process.stdin.isTTY) terminal.keys()
  }
  await new Promise((resolve) => {
    if (quitting.signal.aborted) resolve(undefined)
    quitting.signal.addEventListener('abort', resolve)
  })
  closeKeys()
  say('stopping…')
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
