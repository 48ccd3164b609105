import { parseArgs } from 'node:util'
import { type Adapter, ownAdapter, parseAdapter } from './adapter.js'
import { CouldNotRun } from './could-not-run.js'
import { DEFAULTS, type Plan } from './plan.js'

export const HELP = `redissessions-drill URL [options]

Plays many browsers against a visit counter, checks every answer, and says whether the sessions held.

Load
  --browsers N           browsers, each with a session of its own (${DEFAULTS.browsers})
  --concurrency N        visits that a browser has under way at a time (${DEFAULTS.concurrency})
  --rate N               visits a second at most, over all browsers (no limit)
  --visits N             ends the load after so many, if the time is not over before
  --duration TIME        how long they visit: 90, 30s, 5m, 1h (30s; with scenarios, until those are over)
  --think TIME           pause between a browser's visits, ±50 % (0)
  --warm-up TIME         latencies count after it; the books do from the start (1s)
  --seed N               makes the pauses come out the same (from the clock)
  --timeout TIME         a visit not answered by then has failed (10s)
  --retry                a browser repeats a failed visit under the same Idempotency-Key, and it must count once

Server
  --adapter 'WORDS'      another app's counter: '[METHOD] /path NUMBER', where NUMBER is a JSON pointer
                         (/data/count) or re:REGEX whose first group is the number
  --adapter-destroy 'WORDS'  '[METHOD] /path' that ends the session (POST); without it none is destroyed
  --adapter-instance WHERE   which instance answered: a JSON pointer, or header:NAME
  --cookie-name NAME     the session cookie (${DEFAULTS.cookieName})
  --header 'NAME: VALUE' sent with each request; may be repeated
  --insecure             takes any TLS certificate

Verdict
  --max-failed N|any     failed visits that are forgiven (0)
  --destroy N            browsers that destroy sessions with visits in flight, at the end (${DEFAULTS.destroy})
  --patience TIME        how long a repeated visit, and the reading of a session, is tried (30s)
  --json                 the report as JSON on standard output; progress goes to standard error
  --junit FILE           the verdict as JUnit XML, for CI

Scenarios, done while the browsers visit, in the order given
  --scenario NAME        may be repeated
  In the cluster of KUBECONFIG: rollout, scale, kill-pod, kill-redis, failover, rotate-secret, drain
  --namespace NAME       the namespace that they may touch (needed)
  --release NAME         the Helm release that they may touch (needed)
  --cordon               drain also cordons the node, which concerns others too
  On the demo of this machine (npm run demo), without those: restart, kill, kill-redis
  --demo-data FOLDER     where that demo keeps its data (.data)

Exit code: 0 the sessions held, 1 they broke, 2 the drill could not run.
`

export interface Options {
  plan: Plan
  json: boolean
  junit: string | undefined
  scenarios: string[]
  namespace: string | undefined
  release: string | undefined
  cordon: boolean
  demoData: string
}

/**
 * Reads the command line.
 * @returns undefined when help was asked for
 * @throws CouldNotRun that names the option and what it takes
 */
export function readOptions(args: string[]): Options | undefined {
  const { values, positionals } = parse(args)
  if (values.help) return undefined
  const scenarios = values.scenario ?? []
  const duration = values.duration === undefined && scenarios.length > 0 ? '0' : (values.duration ?? '30s')
  const retry = values.retry ?? false
  return {
    plan: {
      ...DEFAULTS,
      url: urlOf(positionals),
      adapter: adapterOf(values, retry),
      retry,
      browsers: whole('--browsers', values.browsers, 1, 20_000) ?? DEFAULTS.browsers,
      concurrency: whole('--concurrency', values.concurrency, 1, 1000) ?? DEFAULTS.concurrency,
      rate: whole('--rate', values.rate, 1, 1_000_000) ?? DEFAULTS.rate,
      visits: whole('--visits', values.visits, 1, Number.MAX_SAFE_INTEGER) ?? DEFAULTS.visits,
      durationMs: time('--duration', duration),
      thinkMs: time('--think', values.think ?? '0'),
      warmUpMs: time('--warm-up', values['warm-up'] ?? '1s'),
      seed: whole('--seed', values.seed, 0, 0xffffffff) ?? Date.now() % 0xffffffff,
      timeoutMs: time('--timeout', values.timeout ?? '10s'),
      patienceMs: time('--patience', values.patience ?? '30s'),
      maxFailed:
        values['max-failed'] === 'any'
          ? Number.POSITIVE_INFINITY
          : (whole('--max-failed', values['max-failed'], 0, Number.MAX_SAFE_INTEGER) ?? 0),
      destroy: whole('--destroy', values.destroy, 0, 20_000) ?? DEFAULTS.destroy,
      cookieName: values['cookie-name'] ?? DEFAULTS.cookieName,
      headers: Object.fromEntries((values.header ?? []).map(headerOf)),
      insecure: values.insecure ?? false,
    },
    json: values.json ?? false,
    junit: values.junit,
    scenarios,
    namespace: values.namespace,
    release: values.release,
    cordon: values.cordon ?? false,
    demoData: values['demo-data'] ?? '.data',
  }
}

function parse(args: string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const list = { type: 'string', multiple: true } as const
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        browsers: text,
        concurrency: text,
        rate: text,
        visits: text,
        duration: text,
        think: text,
        'warm-up': text,
        seed: text,
        timeout: text,
        patience: text,
        retry: flag,
        adapter: text,
        'adapter-destroy': text,
        'adapter-instance': text,
        'cookie-name': text,
        header: list,
        insecure: flag,
        'max-failed': text,
        destroy: text,
        json: flag,
        junit: text,
        scenario: list,
        namespace: text,
        release: text,
        cordon: flag,
        'demo-data': text,
      },
    })
  } catch (error) {
    throw new CouldNotRun(error instanceof Error ? error.message : String(error))
  }
}

function urlOf(positionals: string[]): URL {
  const [text, ...more] = positionals
  if (text === undefined || more.length > 0)
    throw new CouldNotRun('one URL is needed, such as http://127.0.0.1:8080')
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new CouldNotRun(`${text} is no http: or https: URL`)
  return url
}

function adapterOf(values: ReturnType<typeof parse>['values'], retry: boolean): Adapter {
  const { adapter, 'adapter-destroy': destroy, 'adapter-instance': instance } = values
  if (adapter === undefined) {
    if (destroy !== undefined || instance !== undefined)
      throw new CouldNotRun('--adapter-destroy and --adapter-instance go with --adapter')
    return ownAdapter(retry)
  }
  const parsed = parseAdapter(adapter, destroy, instance)
  if (!parsed)
    throw new CouldNotRun(
      "--adapter takes '[METHOD] /path /json/pointer' or '[METHOD] /path re:REGEX', --adapter-destroy '[METHOD] /path', --adapter-instance a JSON pointer or header:NAME",
    )
  return parsed
}

function whole(name: string, value: string | undefined, min: number, max: number): number | undefined {
  if (value === undefined) return undefined
  const number = Number(value)
  if (!/^\d+$/.test(value) || number < min || number > max)
    throw new CouldNotRun(`${name} takes a whole number from ${min} to ${max}, not ${value}`)
  return number
}

/** @returns ms */
function time(name: string, value: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(value)
  const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match?.[2] ?? 's']
  if (!match || unit === undefined)
    throw new CouldNotRun(`${name} takes a time such as 500ms, 90, 30s, 5m or 1h, not ${value}`)
  return Number(match[1]) * unit
}

function headerOf(text: string): [string, string] {
  const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):\s*(.*)$/.exec(text)
  if (!match) throw new CouldNotRun(`--header takes 'NAME: VALUE', not ${text}`)
  return [(match[1] ?? '').toLowerCase(), match[2] ?? '']
}
