// Every option of the drill, once: the command line, its help, the defaults and the checks of a program's options come
// from this table.
import { CouldNotRun } from '../could-not-run.js'
import { PRESETS } from '../journey/presets.js'

export type Group = 'Load' | 'App' | 'Connection' | 'Verdict' | 'Reports' | 'Faults'

/** One option. Its key in the table is its name for a program. */
export interface Option<T> {
  /** Its name on the command line, without dashes. */
  flag: string
  group: Group
  /** What it takes, for the help; undefined for a switch. */
  takes: string | undefined
  help: string
  default: T
  /** What the help shows as the default, if not the value itself. */
  shown?: string
  /** Whether it may be given more than once. */
  many?: true
  /** Whether the short help shows it. */
  brief?: true
  /** @throws CouldNotRun that names the option and what it takes */
  parse(texts: readonly string[]): T
  /** @returns what it takes if this value is wrong, from a program */
  wrong(value: unknown): string | undefined
}

type Basics = Pick<Option<unknown>, 'flag' | 'group' | 'help' | 'brief' | 'shown'>

const MOST = Number.MAX_SAFE_INTEGER

function whole<T extends number | undefined>(
  basics: Basics,
  fallback: T,
  min: number,
  max = MOST,
): Option<T extends undefined ? number | undefined : number> {
  const what = `takes a whole number from ${min} to ${max}`
  const right = (value: unknown) =>
    value === fallback || (Number.isInteger(value) && Number(value) >= min && Number(value) <= max)
  return {
    ...basics,
    takes: 'N',
    default: fallback as never,
    parse([text = '']) {
      if (!/^\d+$/.test(text) || !right(Number(text))) throw refusal(basics.flag, what, text)
      return Number(text) as never
    },
    wrong: (value) => (right(value) ? undefined : what),
  }
}

function time(basics: Basics, fallback: number): Option<number> {
  const what = 'takes a time such as 500ms, 90, 30s, 5m or 1h'
  return {
    shown: fallback % 1000 === 0 ? `${fallback / 1000}s` : `${fallback}ms`,
    ...basics,
    takes: 'TIME',
    default: fallback,
    parse([text = '']) {
      const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text)
      const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match?.[2] ?? 's']
      if (!match || unit === undefined) throw refusal(basics.flag, what, text)
      return Number(match[1]) * unit
    },
    wrong: (value) => (typeof value === 'number' && value >= 0 ? undefined : 'takes a time in ms'),
  }
}

function text(basics: Basics, takes: string, fallback?: string): Option<string | undefined> {
  return {
    ...basics,
    takes,
    default: fallback,
    parse([value = '']) {
      if (value === '') throw new CouldNotRun(`--${basics.flag} takes ${takes}`)
      return value
    },
    wrong: (value) => (value === undefined || typeof value === 'string' ? undefined : 'takes a text'),
  }
}

function list(basics: Basics, takes: string): Option<readonly string[]> {
  return {
    ...basics,
    takes,
    default: [],
    many: true,
    parse: (texts) => [...texts],
    wrong: (value) => (Array.isArray(value) ? undefined : 'takes a list of texts'),
  }
}

function flag(basics: Basics): Option<boolean> {
  return {
    ...basics,
    takes: undefined,
    default: false,
    parse: () => true,
    wrong: (value) => (typeof value === 'boolean' ? undefined : 'takes true or false'),
  }
}

function refusal(name: string, what: string, value: string): CouldNotRun {
  return new CouldNotRun(`--${name} ${what}, not ${value === '' ? 'nothing' : value}`)
}

const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):\s*(.*)$/
const OWN_HEADERS = ['connection', 'content-length', 'expect', 'keep-alive', 'transfer-encoding', 'upgrade']

const headers: Option<Readonly<Record<string, string>>> = {
  flag: 'header',
  group: 'App',
  help: 'sent with each request; a Cookie header is what each browser starts with',
  takes: "'NAME: VALUE'",
  default: {},
  many: true,
  brief: true,
  parse(texts) {
    const read: Record<string, string> = {}
    for (const line of texts) {
      const [, spelled = '', value = ''] = HEADER.exec(line) ?? []
      const name = spelled.toLowerCase()
      if (name === '') throw refusal('header', "takes 'NAME: VALUE'", line)
      if (OWN_HEADERS.includes(name))
        throw new CouldNotRun(`--header cannot set ${spelled}: the HTTP client does`)
      const before = read[name]
      if (before !== undefined && name !== 'cookie')
        throw new CouldNotRun(
          `--header ${spelled} is given twice: give it once, with a comma between its values`,
        )
      read[name] = before === undefined ? value : `${before}; ${value}`
    }
    return read
  },
  wrong: (value) => (typeof value === 'object' && value !== null ? undefined : 'takes an object of texts'),
}

const maxFailed: Option<number> = {
  ...whole({ flag: 'max-failed', group: 'Verdict', help: "failed visits that are forgiven, or 'any'" }, 0, 0),
  takes: 'N|any',
  parse: (texts) =>
    texts[0] === 'any'
      ? Number.POSITIVE_INFINITY
      : whole({ flag: 'max-failed', group: 'Verdict', help: '' }, 0, 0).parse(texts),
  wrong: (value) => (typeof value === 'number' && value >= 0 ? undefined : 'takes a number from 0'),
}

export const OPTIONS = {
  browsers: whole(
    { flag: 'browsers', group: 'Load', help: 'browsers, each with its own session', brief: true },
    50,
    1,
    20_000,
  ),
  burst: whole(
    {
      flag: 'burst',
      group: 'Load',
      help: 'visits that a browser sends at once, then it thinks',
      brief: true,
    },
    6,
    1,
    1000,
  ),
  rate: whole(
    {
      flag: 'rate',
      group: 'Load',
      help: 'requests a second at most, all together',
      shown: 'no limit',
      brief: true,
    },
    0,
    1,
    1_000_000,
  ),
  visits: whole(
    {
      flag: 'visits',
      group: 'Load',
      help: 'ends the load after that many, if not before',
      shown: 'no limit',
    },
    Number.POSITIVE_INFINITY,
    1,
  ),
  durationMs: time(
    {
      flag: 'duration',
      group: 'Load',
      help: 'how long they visit: 90, 30s, 5m, 1h; with faults, until those are over',
      brief: true,
    },
    30_000,
  ),
  thinkMs: time({ flag: 'think', group: 'Load', help: "pause between a browser's bursts, ±50 %" }, 0),
  warmUpMs: time(
    { flag: 'warm-up', group: 'Load', help: 'latencies count after it; the books from the start' },
    1000,
  ),
  seed: whole(
    { flag: 'seed', group: 'Load', help: 'seed for the pauses, for repeatable runs', shown: 'the clock' },
    undefined,
    0,
    0xffffffff,
  ),
  timeoutMs: time(
    { flag: 'timeout', group: 'Load', help: 'a request not answered by then has failed' },
    10_000,
  ),
  retry: flag({
    flag: 'retry',
    group: 'Load',
    help: 'retries a failed visit under the same Idempotency-Key: it must count once',
  }),

  preset: text(
    {
      flag: 'preset',
      group: 'App',
      help: `a stack's session cookie, login and logout (user: DRILL_USER, DRILL_PASSWORD): ${Object.keys(PRESETS).join(', ')}`,
      brief: true,
    },
    'NAME',
  ),
  journeyFile: text(
    {
      flag: 'journey',
      group: 'App',
      help: 'login, visit, read and logout of an app: .yaml, .json, .js, .ts',
      brief: true,
    },
    'FILE',
  ),
  visit: text(
    {
      flag: 'visit',
      group: 'App',
      help: 'what counts; without a method: GET',
      shown: 'the URL',
      brief: true,
    },
    "'METHOD /path'",
  ),
  number: text(
    {
      flag: 'number',
      group: 'App',
      help: 'where its answer has the count: /json/pointer, re:REGEX, css:SELECTOR, count:SELECTOR, header:NAME',
      shown: 'found',
      brief: true,
    },
    'WHERE',
  ),
  read: text(
    { flag: 'read', group: 'App', help: 'reads the count and does not count; without a method: GET' },
    "'METHOD /path'",
  ),
  logout: text(
    { flag: 'logout', group: 'App', help: 'destroys the session; without a method: POST', brief: true },
    "'METHOD /path'",
  ),
  instance: text(
    { flag: 'instance', group: 'App', help: 'where an answer names its instance, as for --number' },
    'WHERE',
  ),
  cookie: text({ flag: 'cookie', group: 'App', help: 'the session cookie', shown: 'found' }, 'NAME'),
  headers,

  reconnect: whole(
    {
      flag: 'reconnect',
      group: 'Connection',
      help: 'a new connection after every N requests of a browser',
      shown: 'default: kept alive',
    },
    0,
    1,
  ),
  insecure: flag({ flag: 'insecure', group: 'Connection', help: 'accepts any TLS certificate' }),
  caFile: text(
    { flag: 'ca', group: 'Connection', help: 'PEM of the CA that signed the server certificate' },
    'FILE',
  ),
  certFile: text({ flag: 'cert', group: 'Connection', help: 'PEM of a client certificate' }, 'FILE'),
  keyFile: text({ flag: 'key', group: 'Connection', help: 'PEM of its key' }, 'FILE'),
  http2: flag({ flag: 'http2', group: 'Connection', help: 'HTTP/2 over TLS' }),

  maxFailed,
  destroy: whole(
    {
      flag: 'destroy',
      group: 'Verdict',
      help: 'browsers that destroy sessions with visits in flight, at the end',
    },
    20,
    0,
    20_000,
  ),
  destroyRounds: whole(
    { flag: 'destroy-rounds', group: 'Verdict', help: 'sessions that each of them destroys' },
    5,
    1,
    1000,
  ),
  patienceMs: time(
    {
      flag: 'patience',
      group: 'Verdict',
      help: 'how long a retried visit, and the reading of a session, is tried',
    },
    30_000,
  ),
  failIdle: flag({
    flag: 'fail-idle',
    group: 'Verdict',
    help: 'an instance with less than a tenth of its share breaks the verdict',
  }),

  scenarioNames: list(
    {
      flag: 'scenario',
      group: 'Faults',
      help: 'done while they visit, in the order given. In the cluster of KUBECONFIG: rollout, scale, kill-pod, kill-redis, failover, rotate-secret, drain. On the demo (npm run demo): restart, scale, kill, kill-redis',
    },
    'NAME',
  ),
  namespace: text(
    { flag: 'namespace', group: 'Faults', help: 'the namespace that they may touch (needed in a cluster)' },
    'NAME',
  ),
  release: text(
    { flag: 'release', group: 'Faults', help: 'the Helm release that they may touch (needed in a cluster)' },
    'NAME',
  ),
  cordon: flag({
    flag: 'cordon',
    group: 'Faults',
    help: 'drain also cordons the node, which concerns others, too',
  }),
  demoData: text(
    { flag: 'demo-data', group: 'Faults', help: 'where the demo keeps its data', shown: '.data' },
    'FOLDER',
    '.data',
  ),

  commands: list(
    {
      flag: 'do',
      group: 'Faults',
      help: 'a fault of your own, after those of --scenario; with NAME@20s= at that time of the load',
    },
    "'NAME=COMMAND'",
  ),

  check: flag({
    flag: 'check',
    group: 'Reports',
    help: 'no load: says what it finds, or what is wrong',
    brief: true,
  }),
  json: flag({ flag: 'json', group: 'Reports', help: 'the report as JSON on standard output', brief: true }),
  junit: text({ flag: 'junit', group: 'Reports', help: 'the verdict as JUnit XML', brief: true }, 'FILE'),
  html: text({ flag: 'html', group: 'Reports', help: 'the report as one HTML file', brief: true }, 'FILE'),
  markdown: text(
    {
      flag: 'markdown',
      group: 'Reports',
      help: 'the report as Markdown, appended: for a pull request or $GITHUB_STEP_SUMMARY',
    },
    'FILE',
  ),
  metricsPort: whole(
    {
      flag: 'metrics-port',
      group: 'Reports',
      help: 'Prometheus metrics on 127.0.0.1 while it runs; POST /mark/NAME there notes an event',
      shown: 'none',
    },
    undefined,
    0,
    65_535,
  ),
} satisfies Record<string, Option<unknown>>

export type OptionName = keyof typeof OPTIONS

/** All options with their values. Times in ms. */
export type Settings = { [K in OptionName]: (typeof OPTIONS)[K]['default'] }

export const OPTION_LIST = Object.entries(OPTIONS) as [OptionName, Option<unknown>][]

export const DEFAULTS = Object.fromEntries(
  OPTION_LIST.map(([name, option]) => [name, option.default]),
) as Settings

/**
 * Fills in the defaults.
 * @throws CouldNotRun that names the option and what it takes
 */
export function settingsOf(given: Partial<Settings>): Settings {
  const settings: Record<string, unknown> = { ...DEFAULTS }
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(OPTIONS, name)) throw new CouldNotRun(`${name} is not an option of the drill`)
    if (value === undefined) continue
    const wrong = OPTIONS[name as OptionName].wrong(value)
    if (wrong !== undefined) throw new CouldNotRun(`${name} ${wrong}, not ${String(value)}`)
    settings[name] = value
  }
  return settings as Settings
}
