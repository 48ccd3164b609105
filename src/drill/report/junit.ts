import type { Report } from './report.js'
import { faultLine } from './table.js'

const escaped = (text: string) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)

/** @returns the report as JUnit XML: a test case for each promise, and one for each scenario */
export function junitOf(report: Report, maxFailed: number): string {
  const { visits, faults } = report
  const cases: [name: string, problem: string | false][] = [
    ['no visit fails', visits.failed > maxFailed && `${visits.failed} of ${visits.attempted} failed`],
    ...Object.entries(faults).map(([fault, count]): [string, string | false] => [
      `none ${fault}`,
      count > 0 && `${count} ${fault}`,
    ]),
    ...report.scenarios.map(({ name, problem }): [string, string | false] => [
      `scenario ${name}`,
      problem ?? false,
    ]),
  ]
  const details = escaped(report.faultRecords.slice(0, 50).map(faultLine).join('\n'))
  const body = cases.map(([name, problem]) => {
    const head = `    <testcase classname="drill" name="${escaped(name)}"`
    return problem === false
      ? `${head}/>`
      : `${head}><failure message="${escaped(problem)}">${details}</failure></testcase>`
  })
  const failed = cases.filter(([, problem]) => problem !== false).length
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="redissessions-drill" tests="${cases.length}" failures="${failed}" time="${(report.loadMs / 1000).toFixed(3)}" timestamp="${report.startedAt}">
${body.join('\n')}
    <system-out>${escaped(report.sentence)}</system-out>
  </testsuite>
</testsuites>
`
}
