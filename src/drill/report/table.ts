import type { FaultRecord } from '../books/journal.js'
import type { Report } from './report.js'
import { duration, grouped, seconds } from './words.js'

/** Draws the report for a person: what happened, then the verdict in one sentence. */
export function tableOf(report: Report): string {
  const { visits, faults } = report
  const rows: [string, string][] = [
    [
      'visits',
      `${grouped(visits.attempted)} attempted, ${grouped(visits.acknowledged)} acknowledged, ${grouped(visits.stored)} stored`,
    ],
    [
      '',
      `${grouped(visits.failed)} failed${visits.repeated > 0 ? `, ${grouped(visits.repeated)} acknowledged when repeated` : ''}; ${grouped(visits.perSecond)}/s for ${seconds(report.loadMs)}`,
    ],
    ['sessions', `${grouped(report.browsers)} browsers, ${report.concurrency} at a time each`],
    [
      '',
      `${grouped(faults.lost)} lost, ${grouped(faults['counted twice'])} counted twice, ${grouped(faults['seen twice'])} numbers seen twice, ${grouped(faults['went back'])} going back`,
    ],
    ['', `${grouped(faults.reset)} reset, ${grouped(faults.unread)} unread`],
    ['destroyed', destroyedLine(report)],
    [
      'failures',
      Object.entries(report.failures)
        .map(([reason, times]) => `${reason} ${grouped(times)}`)
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
      report.silences.map(({ from, to }) => `${seconds(from)} to ${seconds(to)}: no visit acknowledged`),
    ),
    ...lines(
      'instances',
      report.instances.map(
        ({ id, visits, share, failed, firstAt, lastAt, silences }) =>
          `${id}  ${(share * 100).toFixed(1)} %  ${grouped(visits)} visits, ${seconds(firstAt)} to ${seconds(lastAt)}${failed > 0 ? `, ${grouped(failed)} failed` : ''}${silences.map(({ from, to }) => `, silent ${seconds(from)} to ${seconds(to)}`).join('')}`,
      ),
      16,
    ),
    ...lines(
      'scenarios',
      report.scenarios.map(
        (scenario) =>
          `${scenario.name}  ${seconds(scenario.from)} to ${seconds(scenario.to)}: ${scenario.problem === undefined ? `${grouped(scenario.acknowledged)} visits, ${grouped(scenario.failed)} failed, ${grouped(scenario.faults)} faults, longest wait ${duration(scenario.longestWaitMs)}` : `could not be done: ${scenario.problem}`}`,
      ),
      50,
    ),
    ...lines('faults', report.faultRecords.filter(({ fault }) => fault !== 'resurrected').map(faultLine)),
    [
      'drill',
      `${seconds(report.cpuMs)} of processor time, ${grouped(Math.round((report.cpuMs * 1000) / Math.max(1, visits.attempted)))} µs a visit; seed ${report.seed}`,
    ],
  ]
  const body = rows.map(([name, text]) => `  ${name.padEnd(10)} ${text}`)
  return ['', ...body, '', report.sentence, ''].join('\n')
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
  const { tried, judged, resurrected, problem } = destroyed
  const rest = judged < tried ? `; ${grouped(tried - judged)} could not be judged (${problem})` : ''
  return `${grouped(judged)} sessions with visits in flight, ${grouped(resurrected)} came back${rest}`
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
