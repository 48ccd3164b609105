// The report as JUnit XML.
import { ANOMALIES, type Anomaly, anomalyWords } from '../books/anomaly.js'
import type { Report } from './report.js'
import { anomalyLine } from './table.js'

type Outcome = { failure: string } | { error: string } | 'passed' | 'skipped'

const PROMISES: Readonly<Record<Anomaly, string>> = {
  lost: 'no acknowledged visit is lost',
  doubleCounted: 'no visit is double-counted',
  duplicateNumber: 'no number comes twice',
  wentBack: 'no count goes back',
  reset: 'no session is reset',
  resurrected: 'no destroyed session is resurrected',
}

/** @returns a test case for each promise, and one for each fault; what could not be judged is an error */
export function junitOf(report: Report): string {
  const { visits, anomalies, unjudged, maxFailed, destroyed, failIdle } = report
  const idle = report.instances.filter((instance) => instance.idle).map(({ id }) => id)
  const mayFail = maxFailed === 'any' ? Number.POSITIVE_INFINITY : maxFailed
  const cases: [name: string, outcome: Outcome][] = [
    [
      'no visit fails',
      visits.failed > mayFail ? { failure: `${visits.failed} of ${visits.attempted} failed` } : 'passed',
    ],
    [
      'no instance is idle',
      !failIdle ? 'skipped' : idle.length > 0 ? { failure: `idle: ${idle.join(', ')}` } : 'passed',
    ],
    ...ANOMALIES.map((anomaly): [string, Outcome] => [
      PROMISES[anomaly],
      anomalies[anomaly] > 0
        ? { failure: anomalyWords(anomaly, anomalies[anomaly]) }
        : anomaly === 'resurrected' && !destroyed
          ? 'skipped'
          : 'passed',
    ]),
    [
      'every session is read at the end',
      unjudged.sessions > 0 ? { error: `${unjudged.sessions} could not be read` } : 'passed',
    ],
    [
      'every destroyed session is judged',
      unjudged.destroys > 0
        ? {
            error: `${unjudged.destroys} could not be judged: ${Object.keys(destroyed?.problems ?? {}).join(', ')}`,
          }
        : destroyed
          ? 'passed'
          : 'skipped',
    ],
    ...report.scenarios.map(({ name, problem }): [string, Outcome] => [
      `fault ${name}`,
      problem === undefined ? 'passed' : { error: problem },
    ]),
  ]
  const details = escaped(report.anomalyRecords.slice(0, 50).map(anomalyLine).join('\n'))
  const count = (is: (outcome: Outcome) => boolean) => cases.filter(([, outcome]) => is(outcome)).length
  const failures = count((outcome) => typeof outcome === 'object' && 'failure' in outcome)
  const errors = count((outcome) => typeof outcome === 'object' && 'error' in outcome)
  const skipped = count((outcome) => outcome === 'skipped')
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="session-drill" tests="${cases.length}" failures="${failures}" errors="${errors}" skipped="${skipped}" time="${(report.loadMs / 1000).toFixed(3)}" timestamp="${report.startedAt}">
${cases.map(([name, outcome]) => caseOf(name, outcome, details)).join('\n')}
    <system-out>${escaped(report.sentence)}</system-out>
  </testsuite>
</testsuites>
`
}

function caseOf(name: string, outcome: Outcome, details: string): string {
  const head = `    <testcase classname="drill" name="${escaped(name)}"`
  if (outcome === 'passed') return `${head}/>`
  if (outcome === 'skipped') return `${head}><skipped/></testcase>`
  if ('failure' in outcome)
    return `${head}><failure message="${escaped(outcome.failure)}">${details}</failure></testcase>`
  return `${head}><error message="${escaped(outcome.error)}"/></testcase>`
}

// XML knows no other control characters than these three, and no half characters.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is to be removed
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g

function escaped(text: string): string {
  return text
    .replace(CONTROLS, '')
    .replace(/\p{Cs}/gu, '')
    .replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
}
