// The report as Markdown, for a pull request or a job's page.
import { ANOMALIES, anomalyWords, grouped } from '../books/anomaly.js'
import { counted, exercisedWords } from '../books/verdict.js'
import type { Found } from '../check.js'
import type { Report } from './report.js'
import { anomalyLine, idleWords } from './table.js'
import { duration, seconds } from './words.js'

const MARKS = { held: '✅', broken: '❌', unknown: '❓' } as const

/** @returns the verdict first, then what it rests on, then the first anomalies folded */
export function markdownOf(report: Report): string {
  const { visits, anomalies, latencyMs, instances } = report
  const found = ANOMALIES.filter((anomaly) => anomalies[anomaly] > 0)
  const rows: [string, string][] = [
    [
      'App',
      `${report.url} (${report.found.journey.name ?? 'session'}, cookie ${report.found.sessionCookie ?? 'unknown'})`,
    ],
    [
      'Visits',
      `${grouped(visits.acknowledged)} acknowledged, ${grouped(visits.stored)} stored, ${grouped(visits.failed)} failed, ${grouped(visits.retried)} retried`,
    ],
    [
      'Sessions',
      `${counted(report.browsers, 'browser')}, bursts of ${report.burst}, for ${seconds(report.loadMs)}`,
    ],
    ['Anomalies', found.map((anomaly) => anomalyWords(anomaly, anomalies[anomaly])).join(', ') || 'none'],
    ['Exercised', exercisedWords(report.exercised)],
    [
      'Latency',
      latencyMs
        ? `p50 ${duration(latencyMs.p50)}, p99 ${duration(latencyMs.p99)}, max ${duration(latencyMs.max)}`
        : 'none',
    ],
    [
      'Instances',
      instances.length === 0
        ? 'not known (--instance)'
        : [String(instances.length), idleWords(report)].filter(Boolean).join('; '),
    ],
    ...report.scenarios.map(({ name, from, to, problem, ...what }): [string, string] => [
      `Fault ${name}`,
      problem ??
        `${seconds(from)} to ${seconds(to)}: ${grouped(what.failed)} failed, ${counted(what.anomalies, 'anomaly', 'anomalies')}, longest wait ${duration(what.longestWaitMs)}`,
    ]),
  ]
  const lines = report.anomalyRecords.slice(0, 20).map(anomalyLine)
  const details =
    lines.length === 0
      ? ''
      : `\n<details><summary>The first anomalies</summary>\n\n${lines.map((line) => `- ${cell(line)}`).join('\n')}\n\n</details>\n`
  return `### ${MARKS[report.verdict]} ${cell(report.sentence)}\n\n${tableOf(rows)}\n${details}`
}

/** @returns what a check found out, as a table */
export function checkMarkdownOf({ lines }: Pick<Found, 'lines'>): string {
  return `### ✅ The sessions can be judged\n\n${tableOf(lines)}\n`
}

function tableOf(rows: readonly (readonly [name: string, text: string])[]): string {
  return ['| | |', '|---|---|', ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`)].join('\n')
}

function cell(text: string): string {
  return text.replace(/[\\|<>`*_[\]]/g, (character) => `\\${character}`).replace(/\s+/g, ' ')
}
