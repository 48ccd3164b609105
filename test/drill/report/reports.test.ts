import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { drill, type Live } from '../../../src/drill/drill.js'
import { exitCodeOf } from '../../../src/drill/exit-code.js'
import { htmlOf } from '../../../src/drill/report/html.js'
import { junitOf } from '../../../src/drill/report/junit.js'
import { markdownOf } from '../../../src/drill/report/markdown.js'
import { serveMetrics } from '../../../src/drill/report/prometheus.js'
import type { Report } from '../../../src/drill/report/report.js'
import { commandScenario } from '../../../src/drill/scenarios/command.js'
import { type App, Counter, json, serve } from '../apps.js'

let app: App
let report: Report
let metrics = ''

beforeAll(async () => {
  const pod = '<b>"web|1"</b>'
  app = await serve(
    new Counter({ answer: (to, number) => json(to, { visits: number === 30 ? 2 : number, pod }) }).listener,
  )
  let metricsRead: Promise<void> | undefined
  report = await drill({
    url: app.url,
    number: '/visits',
    instance: '/pod',
    browsers: 3,
    thinkMs: 20,
    warmUpMs: 0,
    seed: 1,
    commands: ['greet=echo hello', 'later@1s=echo "at a time"', 'broken=echo no such pod >&2; exit 3'],
    onStart(live) {
      metricsRead = readMetrics(live)
    },
  })
  await metricsRead
}, 60_000)
afterAll(() => app.stop())

async function readMetrics(live: Live): Promise<void> {
  const served = await serveMetrics(live, 0)
  await fetch(`http://127.0.0.1:${served.port}/mark/failover%20begins`, { method: 'POST' })
  while (!metrics.includes('drill_instance_visits_total{'))
    metrics = await (await fetch(`http://127.0.0.1:${served.port}/metrics`)).text()
  served.close()
}

test('commands are faults on the timeline, in a row or at their time; one that fails is said so', () => {
  expect(report.scenarios.map(({ name, problem }) => [name, problem])).toEqual([
    ['later', undefined],
    ['greet', undefined],
    ['broken', 'exit code 3: no such pod'],
  ])
  expect(report.scenarios[0]?.from).toBeGreaterThanOrEqual(990)
  const texts = report.events.map(({ text }) => text)
  expect(texts).toContain('greet: hello')
  expect(texts).toContain('mark: failover begins')
  expect(exitCodeOf({ verdict: 'held', scenarios: report.scenarios })).toBe(2)
  expect(() => commandScenario('no command')).toThrow(/--do takes/)
})

test('the series has a row for each second, and adds up', () => {
  const { series, visits } = report
  expect(series.map(({ second }) => second)).toEqual(series.map((_, index) => index))
  expect(series.reduce((sum, row) => sum + row.acknowledged, 0)).toBe(visits.acknowledged)
  expect(series.reduce((sum, row) => sum + row.anomalies, 0)).toBeGreaterThan(0)
  const busy = series.find(({ acknowledged }) => acknowledged > 0)
  expect(Object.values(busy?.instances ?? {})).toEqual([{ acknowledged: busy?.acknowledged, p99: busy?.p99 }])
})

test('each anomaly says when, and the last number before it', () => {
  const back = report.anomalyRecords.find(({ anomaly }) => anomaly === 'wentBack')
  expect(back?.number).toBe(2)
  expect(back?.before?.number).toBeGreaterThan(2)
  expect(back?.before?.at).toBeLessThanOrEqual(back?.at ?? 0)
})

test('HTML is one file that loads nothing, and escapes what comes from outside', () => {
  const page = htmlOf(report)
  expect(page).toMatch(/^<!doctype html>/)
  expect(page).not.toMatch(/<script|<link|src=|@import|url\(/)
  expect(page).not.toContain('<b>"web')
  expect(page).toContain('&#60;b&#62;&#34;web|1')
  expect(page).toContain(report.sentence)
})

test('Markdown keeps its table whatever an instance is called', () => {
  const text = markdownOf(report)
  expect(text).toMatch(/^### ❌ Broken: /)
  expect(text).not.toContain('<b>')
  for (const line of text.split('\n').filter((line) => line.startsWith('|')))
    expect(line.replaceAll('\\|', '').split('|')).toHaveLength(4)
})

test('if no answer names an instance, the reports say so', () => {
  const exercised = { ...report.exercised, instanceChanges: null }
  const unnamed = { ...report, instances: [], exercised }
  expect(htmlOf(unnamed)).toContain('<b>–</b><span>changes of instance</span>')
  expect(markdownOf(unnamed)).toContain('| Instances | not known (--instance) |')
  expect(markdownOf(unnamed)).toContain('changes of instance unknown')
})

test('the documentation names each field of the JSON', () => {
  const page = readFileSync('docs/drill.md', 'utf8')
  expect(Object.keys(report).filter((field) => !page.includes(`\`${field}\``))).toEqual([])
})

test('JUnit says what failed, what had an error, and what was not tried', () => {
  const xml = junitOf(report)
  expect(xml).toMatch(/name="no count goes back"><failure message="\d+ counts? went back"/)
  expect(xml).toContain('name="fault broken"><error message="exit code 3: no such pod"/>')
  expect(xml).toContain('name="no destroyed session is resurrected"><skipped/>')
  expect(xml).toMatch(/tests="13" failures="\d" errors="1" skipped="3"/)
})

test('JUnit says which instance is idle if that breaks the verdict', () => {
  const instances = report.instances.map((instance) => ({ ...instance, id: 'b<1>', idle: true }))
  expect(junitOf({ ...report, instances })).toContain('name="no instance is idle"><skipped/>')
  const failing = junitOf({ ...report, instances, failIdle: true })
  expect(failing).toContain('name="no instance is idle"><failure message="idle: b&#60;1&#62;">')
  expect(junitOf({ ...report, failIdle: true })).toContain('name="no instance is idle"/>')
})

test('metrics are in the text format of Prometheus', () => {
  expect(metrics).toMatch(
    /^# HELP drill_visits_attempted_total .*\n# TYPE drill_visits_attempted_total counter\n/,
  )
  expect(metrics).toMatch(/\ndrill_went_back_total \d+\n/)
  expect(metrics).toContain('drill_instance_visits_total{instance_id="<b>\\"web|1\\"</b>"}')
  for (const line of metrics.trimEnd().split('\n'))
    expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{\w+="(?:[^"\\]|\\.)*"\})? [\d.e+-]+)$/)
})
