import type { FaultRecord } from '../books/journal.js'
import type { Report } from './report.js'

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
const count = (value: number) => value.toLocaleString('en')

/** @returns `3.4 ms`, or seconds from one second on */
export function duration(ms: number): string {
  return ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
}

/** Draws the report for a person: what happened, then the verdict in one sentence. */
export function tableOf(report: Report): string {
  const { visits, faults } = report
  const rows: [string, string][] = [
    [
      'visits',
      `${count(visits.attempted)} attempted, ${count(visits.acknowledged)} acknowledged, ${count(visits.stored)} stored`,
    ],
    [
      '',
      `${count(visits.failed)} failed${visits.repeated > 0 ? `, ${count(visits.repeated)} acknowledged when repeated` : ''}; ${count(visits.perSecond)}/s for ${seconds(report.loadMs)}`,
    ],
    ['sessions', `${count(report.browsers)} browsers, ${report.concurrency} at a time each`],
    [
      '',
      `${count(faults.lost)} lost, ${count(faults['counted twice'])} counted twice, ${count(faults['seen twice'])} numbers seen twice, ${count(faults['went back'])} going back`,
    ],
    ['', `${count(faults.reset)} reset, ${count(faults.unread)} unread`],
    ['destroyed', destroyedLine(report)],
    [
      'failures',
      Object.entries(report.failures)
        .map(([reason, times]) => `${reason} ${count(times)}`)
        .join(', ') || 'none',
    ],
    ['latency', latencyLine(report)],
    ...lines(
      'outages',
      report.outages.map(
        ({ from, to, recovered, failures }) =>
          `${seconds(from)} to ${seconds(to)}: ${count(failures)} failed, ${recovered === undefined ? 'no recovery seen' : `recovered after ${duration(recovered - from)}`}`,
      ),
    ),
    ...lines(
      'silences',
      report.silences.map(({ from, to }) => `${seconds(from)} to ${seconds(to)}: no visit acknowledged`),
    ),
    ...lines(
      'instances',
      report.instances.map(
        ({ id, visits, share, failed, firstAt, lastAt, silences }) =>
          `${id}  ${(share * 100).toFixed(1)} %  ${count(visits)} visits, ${seconds(firstAt)} to ${seconds(lastAt)}${failed > 0 ? `, ${count(failed)} failed` : ''}${silences.map(({ from, to }) => `, silent ${seconds(from)} to ${seconds(to)}`).join('')}`,
      ),
      16,
    ),
    ...lines(
      'scenarios',
      report.scenarios.map(
        (scenario) =>
          `${scenario.name}  ${seconds(scenario.from)} to ${seconds(scenario.to)}: ${scenario.problem === undefined ? `${count(scenario.acknowledged)} visits, ${count(scenario.failed)} failed, ${count(scenario.faults)} faults, longest wait ${duration(scenario.longestWaitMs)}` : `could not be done: ${scenario.problem}`}`,
      ),
      50,
    ),
    ...lines('faults', report.faultRecords.filter(({ fault }) => fault !== 'resurrected').map(faultLine)),
    [
      'drill',
      `${seconds(report.cpuMs)} of processor time, ${count(Math.round((report.cpuMs * 1000) / Math.max(1, visits.attempted)))} µs a visit; seed ${report.seed}`,
    ],
  ]
  const body = rows.map(([name, text]) => `  ${name.padEnd(10)} ${text}`)
  return ['', ...body, '', report.sentence, ''].join('\n')
}

/** Rows under one name; past `limit` only how many there are. */
function lines(name: string, texts: string[], limit = 8): [string, string][] {
  const shown = texts.slice(0, limit).map((text, index): [string, string] => [index === 0 ? name : '', text])
  return texts.length > limit ? [...shown, ['', `… and ${count(texts.length - limit)} more`]] : shown
}

function latencyLine({ latencyMs, longestWait }: Report): string {
  if (!latencyMs) return 'none after the warm-up'
  const { p50, p90, p99, max } = latencyMs
  const when = longestWait ? `; longest wait ${duration(longestWait.ms)} at ${seconds(longestWait.at)}` : ''
  return `p50 ${duration(p50)}, p90 ${duration(p90)}, p99 ${duration(p99)}, max ${duration(max)}${when}`
}

function destroyedLine({ destroyed }: Report): string {
  if (!destroyed) return 'not tried'
  const { tried, judged, resurrected, problem } = destroyed
  const rest = judged < tried ? `; ${count(tried - judged)} could not be judged (${problem})` : ''
  return `${count(judged)} sessions with visits in flight, ${count(resurrected)} came back${rest}`
}

/** @returns one fault in words: when, which browser, which instance, and what had been acknowledged before */
export function faultLine({
  at,
  fault,
  count: times,
  browser,
  number,
  instance,
  before,
}: FaultRecord): string {
  const from = (id: string | undefined) => (id === undefined ? '' : ` from ${id}`)
  const saw = number === undefined ? '' : `: ${number}${from(instance)}`
  const after = before ? `, after ${before.number}${from(before.instance)} at ${seconds(before.at)}` : ''
  return `${seconds(at)} browser ${browser} ${fault}${times > 1 ? ` ${times}` : ''}${saw}${after}`
}
