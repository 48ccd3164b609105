// What a drill does, once its options are read: the target, the journey, and the settings.
import { readFileSync } from 'node:fs'
import { CouldNotRun } from './could-not-run.js'
import type { ConnectionOptions } from './http/connection.js'
import type { Target } from './http/visitor.js'
import { counterJourney, type Journey, type Step, stepOf } from './journey/journey.js'
import { PRESETS } from './journey/presets.js'
import { readJourney, validJourney } from './journey/read-journey.js'
import { decoded, readerOf, WHERE } from './journey/where.js'
import { type Settings, settingsOf } from './options/table.js'

/** The options of a drill: a URL and, if the defaults don't fit, any setting. */
export interface DrillInput extends Partial<Settings> {
  url: string | URL
  /** Instead of journeyFile, preset, visit and number. */
  journey?: Journey
}

export interface Plan extends Settings {
  url: URL
  /** Without a number where the check has to find it. */
  journey: Omit<Journey, 'number'> & { number?: string }
  /** Tried if the answer has no number at the journey's place. */
  fallback: Plan['journey'] | undefined
  /** Prefix of the journey's paths. */
  base: string
  seed: number
}

/** @throws CouldNotRun that names the option and what it takes */
export async function planOf({ url: address, journey, ...given }: DrillInput): Promise<Plan> {
  const url = urlOf(address)
  const settings = settingsOf(given)
  return {
    ...settings,
    url,
    ...(await driveOf(url, settings, journey)),
    seed: settings.seed ?? Date.now() % 0xffffffff,
  }
}

function urlOf(address: string | URL): URL {
  const url = URL.canParse(String(address)) ? new URL(address) : undefined
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new CouldNotRun(`${address} is not an http: or https: URL`)
  return url
}

type Drive = Pick<Plan, 'journey' | 'fallback' | 'base'>

async function driveOf(url: URL, settings: Settings, given: Journey | undefined): Promise<Drive> {
  const { journeyFile, preset, visit, number } = settings
  const base = url.pathname.replace(/\/$/, '')
  const own = given
    ? validJourney(given)
    : journeyFile === undefined
      ? presetOf(preset)
      : { ...presetOf(preset), ...(await readJourney(journeyFile)) }
  const changes = changesOf(settings)
  if (own?.visit || visit !== undefined) {
    if (url.search !== '') throw new CouldNotRun(`the query ${url.search} goes into the paths of the visits`)
    const visited = changes.visit ?? own?.visit
    if (visited) return { journey: { ...own, ...changes, visit: visited }, fallback: undefined, base }
  }
  const itself: Plan['journey'] = { ...own, ...changes, visit: { get: url.pathname + url.search } }
  const bare = !own && number === undefined && Object.keys(changes).length === 0 && url.search === ''
  if (!bare) return { journey: itself, fallback: undefined, base: '' }
  return { journey: counterJourney(settings.retry), fallback: itself, base }
}

function presetOf(name: string | undefined): Partial<Journey> | undefined {
  if (name === undefined) return undefined
  const preset = Object.hasOwn(PRESETS, name) ? PRESETS[name] : undefined
  if (!preset) throw new CouldNotRun(`--preset ${name}: there are ${Object.keys(PRESETS).join(', ')}`)
  return preset
}

function changesOf({ visit, number, read, logout, instance, cookie }: Settings): Partial<Journey> {
  return {
    ...(visit !== undefined && { visit: step('visit', visit, 'GET') }),
    ...(number !== undefined && { number: where('number', number) }),
    ...(read !== undefined && { read: step('read', read, 'GET') }),
    ...(logout !== undefined && { logout: step('logout', logout, 'POST') }),
    ...(instance !== undefined && { instance: where('instance', instance) }),
    ...(cookie !== undefined && { cookie }),
  }
}

function step(name: string, words: string, method: string): Step {
  const found = stepOf(words, method)
  if (!found)
    throw new CouldNotRun(`--${name} takes a path, or a method and a path such as 'POST /path', not ${words}`)
  return found
}

function where(name: string, words: string): string {
  if (!readerOf(words)) throw new CouldNotRun(`--${name} takes ${WHERE}, not ${words}`)
  return words
}

/** @returns what each browser's connections need @throws CouldNotRun when they don't fit, or a file cannot be read */
export function connectionOptionsOf(plan: Plan): ConnectionOptions {
  if (plan.http2 && plan.url.protocol !== 'https:') throw new CouldNotRun('--http2 needs an https: URL')
  if ((plan.certFile === undefined) !== (plan.keyFile === undefined))
    throw new CouldNotRun('--cert and --key go together')
  return {
    connections: plan.burst + 5,
    timeoutMs: plan.timeoutMs,
    insecure: plan.insecure,
    ca: fileOf('ca', plan.caFile),
    cert: fileOf('cert', plan.certFile),
    key: fileOf('key', plan.keyFile),
    http2: plan.http2,
    reconnect: plan.reconnect,
    proxy: proxyFor(plan.url),
  }
}

function fileOf(name: string, file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new CouldNotRun(`--${name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** @returns the proxy that the environment names for this URL, as curl reads it */
export function proxyFor(url: URL, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const proxy =
    url.protocol === 'https:'
      ? (env.https_proxy ?? env.HTTPS_PROXY)
      : // Upper case only as a fallback: a web server sets HTTP_PROXY from a request's Proxy header.
        (env.http_proxy ?? env.HTTP_PROXY)
  if (proxy === undefined || proxy === '') return undefined
  const none = (env.no_proxy ?? env.NO_PROXY ?? '').split(/[\s,]+/).filter((one) => one !== '')
  const host = url.hostname.toLowerCase()
  const excepted = none.some((one) => {
    const [, name = one, port] = /^\*?\.?(.+?)(?::(\d+))?$/.exec(one.toLowerCase()) ?? []
    if (one === '*') return true
    if (port !== undefined && port !== url.port) return false
    return host === name || host.endsWith(`.${name}`)
  })
  return excepted ? undefined : proxy.includes('://') ? proxy : `http://${proxy}`
}

/** @returns what all browsers send and where to */
export function targetOf(plan: Plan, turn: Target['turn']): Target {
  const { cookie = '', ...headers } = plan.headers
  const { username, password, protocol, host, origin } = plan.url
  const scheme = headers['x-forwarded-proto'] === 'https' ? 'https:' : protocol
  const publicUrl = `${scheme}//${headers.host ?? host}`
  if (!URL.canParse(publicUrl))
    throw new CouldNotRun(`--header Host takes NAME or NAME:PORT, not ${headers.host}`)
  const credentials = `${decoded(username) ?? ''}:${decoded(password) ?? ''}`
  return {
    origin,
    publicOrigin: new URL(publicUrl).origin,
    defaults: {
      accept: '*/*',
      'user-agent': 'session-drill',
      ...((username !== '' || password !== '') && {
        authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
      }),
    },
    headers,
    cookies: cookie,
    turn,
  }
}
