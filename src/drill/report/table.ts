// The report as a table for a terminal.
import { ANOMALIES, anomalyWords, grouped } from '../books/anomaly.js'
import { counted, exercisedWords } from '../books/verdict.js'
import type { AnomalyRecord } from '../record/journal.js'
import type { Silence } from '../record/outages.js'
import type { InstanceReport, Report } from './report.js'
import { duration, seconds } from './words.js'

const LIMITED = ' (the app limits requests: --rate N stays below its limit)'

/** Draws the report for a person: what happened, then the verdict in one sentence. */
export function tableOf(report: Report): string {
  const { visits, anomalies, unjudged, drill } = report
  const retried = visits.retried > 0 ? `, ${grouped(visits.retried)} acknowledged when retried` : ''
  const found = ANOMALIES.filter((anomaly) => anomaly !== 'resurrected').map((anomaly) =>
    anomalyWords(anomaly, anomalies[anomaly]),
  )
  const rows: [string, string][] = [
    [
      'visits',
      `${grouped(visits.attempted)} attempted, ${grouped(visits.acknowledged)} acknowledged, ${grouped(visits.stored)} stored`,
    ],
    [
      '',
      `${grouped(visits.failed)} failed${retried}; ${grouped(visits.perSecond)}/s for ${seconds(report.loadMs)}`,
    ],
    [
      'sessions',
      `${counted(report.browsers, 'browser')}, bursts of ${report.burst}; session cookie ${report.found.sessionCookie ?? 'unknown'}`,
    ],
    ['', found.slice(0, 2).join(', ')],
    ['', `${found.slice(2).join(', ')}, ${grouped(unjudged.sessions)} unread`],
    ['destroyed', destroyedLine(report)],
    ['exercised', exercisedWords(report.exercised)],
    [
      'failures',
      Object.entries(report.failures)
        .map(([reason, times]) => `${reason} ${grouped(times)}${reason === '429' ? LIMITED : ''}`)
        .join(', ') || 'none',
    ],
    ['latency', latencyLine(report)],
    ...lines(
      'outages',
      report.outages.map(
        ({ from, to, recovered, failures }) =>
          `${seconds(from)} to ${seconds(to)}: ${grouped(failures)} failed, ${recovered === undefined ? 'no recovery seen' : `recovered after ${duration(recovered - from)}`}`,
      ),
    ),
    ...lines(
      'silences',
      report.silences.map((silence) => `${silenceWords(silence)}: no visit acknowledged`),
    ),
    ...lines('instances', report.instances.map(instanceLine), 16),
    ...lines('idle', [idleWords(report)].filter(Boolean)),
    ...lines(
      'faults',
      report.scenarios.map(
        (scenario) =>
          `${scenario.name}  ${seconds(scenario.from)} to ${seconds(scenario.to)}: ${scenario.problem === undefined ? `${grouped(scenario.acknowledged)} visits, ${grouped(scenario.failed)} failed, ${counted(scenario.anomalies, 'anomaly', 'anomalies')}, longest wait ${duration(scenario.longestWaitMs)}` : `could not be done: ${scenario.problem}`}`,
      ),
      50,
    ),
    ...lines(
      'anomalies',
      report.anomalyRecords.filter(({ anomaly }) => anomaly !== 'resurrected').map(anomalyLine),
    ),
    [
      'drill',
      `${seconds(drill.cpuMs)} of processor time, ${grouped(Math.round((drill.cpuMs * 1000) / Math.max(1, visits.attempted)))} µs a visit; seed ${report.seed}`,
    ],
    ...(drill.starved
      ? [
          ['', `the drill itself was late by ${duration(drill.lagMs)} (p99): latencies are too high`] as [
            string,
            string,
          ],
        ]
      : []),
  ]
  const body = rows.map(([name, text]) => `  ${name.padEnd(10)} ${text}`)
  return ['', ...body, '', report.sentence, ''].join('\n')
}

/** @returns one instance in words: its share, when it answered, and its silences */
export function instanceLine({
  id,
  visits,
  share,
  failed,
  firstAt,
  lastAt,
  silences,
  idle,
}: InstanceReport): string {
  const more = [
    failed > 0 && `${grouped(failed)} failed`,
    ...silences.map((silence) => `silent ${silenceWords(silence)}`),
    idle && 'idle',
  ].filter((part) => part !== false)
  const times = visits === 0 ? 'never answered' : `${seconds(firstAt)} to ${seconds(lastAt)}`
  return [`${id}  ${(share * 100).toFixed(1)} %  ${counted(visits, 'visit')}`, times, ...more].join(', ')
}

/** @returns which instances got next to nothing to do, and why that is usually so */
export function idleWords({ instances }: Report): string {
  const idle = instances.filter((instance) => instance.idle).length
  return idle === 0
    ? ''
    : `${idle} of ${counted(instances.length, 'instance')} answered less than a tenth of their share: connections are pinned to the others`
}

/** @returns `3.0 s to 5.2 s`, or `3.0 s to the end` */
export function silenceWords({ from, to, open }: Silence): string {
  return `${seconds(from)} to ${open ? 'the end' : seconds(to)}`
}

/** Rows under one name; past `limit` only how many there are. */
function lines(name: string, texts: string[], limit = 8): [string, string][] {
  const shown = texts.slice(0, limit).map((text, index): [string, string] => [index === 0 ? name : '', text])
  return texts.length > limit ? [...shown, ['', `… and ${grouped(texts.length - limit)} more`]] : shown
}

function latencyLine({ latencyMs, longestWait }: Report): string {
  if (!latencyMs) return 'none after the warm-up'
  const { p50, p90, p99, max } = latencyMs
  const when = longestWait ? `; longest wait ${duration(longestWait.ms)} at ${seconds(longestWait.at)}` : ''
  return `p50 ${duration(p50)}, p90 ${duration(p90)}, p99 ${duration(p99)}, max ${duration(max)}${when}`
}

function destroyedLine({ destroyed }: Report): string {
  if (!destroyed) return 'not tried'
  const { tried, judged, resurrected, problems } = destroyed
  const why = Object.entries(problems)
    .map(([reason, times]) => `${reason} ${grouped(times)}`)
    .join(', ')
  const rest = judged < tried ? `; ${grouped(tried - judged)} could not be judged (${why})` : ''
  return `${counted(judged, 'session')} with visits in flight, ${grouped(resurrected)} came back${rest}`
}

/** @returns one anomaly in words: when, which browser, which instance, and what had been acknowledged before */
export function anomalyLine({
  at,
  anomaly,
  count: times,
  browser,
  number,
  instance,
  before,
}: AnomalyRecord): string {
  const from = (id: string | undefined) => (id === undefined ? '' : ` from ${id}`)
  const saw = number === undefined ? '' : `: ${number}${from(instance)}`
  const after = before ? `, after ${before.number}${from(before.instance)} at ${seconds(before.at)}` : ''
  return `${seconds(at)} browser ${browser}, ${anomalyWords(anomaly, times)}${saw}${after}`
}
