import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Ajv } from 'ajv'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { CHART, CI_SETS, ciFile, renderText, valuesFiles } from '../support/chart.js'
import { TestNamespace } from '../support/cluster.js'

// The API server knows more of an object than any schema: these are sent to it as a dry run, strictly.
let namespace: TestNamespace
beforeAll(async () => {
  namespace = await TestNamespace.create()
})
afterAll(() => namespace?.remove())

const run = promisify(execFile)

describe('the API server takes every object that the chart makes of', () => {
  test.each([
    ['the defaults', []],
    ['cloudfoundry', valuesFiles('cloudfoundry')],
    ['cloudfoundry and kind', valuesFiles('cloudfoundry', 'kind')],
    ['production', valuesFiles('production')],
    ['contrast-memory', valuesFiles('contrast-memory')],
    ['openshift', valuesFiles('openshift')],
    ...CI_SETS.map((name) => [`ci/${name}`, ciFile(name)] as const),
  ] as const)('%s', async (_name, args) => {
    // The cluster of the tests has one address family, and no class, priority or runtime of these names for the pod of helm test.
    const one = '--set=service.ipFamilyPolicy=null,service.ipFamilies=null'
    await dryRun(await renderText([...args, one, '--skip-tests', '--namespace', namespace.name]))
  })

  test('an HTTPRoute, where the cluster has the Gateway API', async (context) => {
    const { stdout } = await run('kubectl', ['api-resources', '--output', 'name'])
    if (!stdout.includes('httproutes.gateway.networking.k8s.io')) return context.skip('no Gateway API')
    const route = 'httpRoute.enabled=true,httpRoute.hostnames={a.test},httpRoute.parentRefs[0].name=gateway'
    const only = ['--show-only=templates/app/http-route.yaml', '--namespace', namespace.name]
    for (const set of [[`--set=${route}`], ciFile('gateway')]) {
      const text = await renderText([...set, ...only])
      await namespace.kubectlWith(text, 'apply', '--dry-run=server', '--validate=strict', '--filename', '-')
    }
  })

  test.each(['1234', '1e3', 'n', 'on', 'true', 'null'])('a release called %s', async (release) => {
    const sentinel = ['--set=redis.mode=sentinel', '--namespace', namespace.name]
    await dryRun(await renderText([...sentinel, '--skip-tests'], release))
  })

  async function dryRun(text: string) {
    const served = text.split(/^---$/m).filter((object) => !/^apiVersion: (monitoring|gateway)/m.test(object))
    const manifests = served.join('---')
    const args = ['apply', '--dry-run=server', '--validate=strict', '--filename', '-']
    const said = await namespace.kubectlWith(manifests, ...args)
    expect(said).toMatch(/\(server dry run\)/)
  }
})

const { SCHEMA_DIR } = process.env

describe.runIf(SCHEMA_DIR)('what the cluster does not serve has the shape of its schema', () => {
  const schema = (path: string) =>
    JSON.parse(readFileSync(join(SCHEMA_DIR ?? '', path), 'utf8').replaceAll('(?i)', ''))
  // They are written for Go, whose regular expressions have flags of their own, and use formats that say nothing about the shape.
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true })

  test.each([
    ['templates/monitoring/service-monitor.yaml', 'ServiceMonitor', 'servicemonitor_v1'],
    ['templates/monitoring/prometheus-rule.yaml', 'PrometheusRule', 'prometheusrule_v1'],
  ])('%s', async (file, kind, name) => {
    const on = '--set=serviceMonitor.enabled=true,prometheusRule.enabled=true,redis.exporter.enabled=true'
    const objects = (await renderText([on, `--show-only=${file}`])).split(/^---$/m).map((text) => parse(text))
    const found = objects.filter((object) => object?.kind === kind)
    expect(found.length).toBeGreaterThan(0)
    const validate = ajv.compile(schema(`crds/monitoring.coreos.com/${name}.json`))
    for (const object of found) expect(validate(object) || validate.errors).toBe(true)
  })

  test('skaffold.yaml', () => {
    const validate = ajv.compile(schema('skaffold-v4beta14.json'))
    const config = parse(readFileSync('skaffold.yaml', 'utf8'))
    expect(validate(config) || validate.errors).toBe(true)
  })
})

test('skaffold names what is there', () => {
  const text = readFileSync('skaffold.yaml', 'utf8')
  for (const [, path = ''] of text.matchAll(/(helm\/redissessions[\w./-]*\.yaml)/g))
    expect(() => readFileSync(path)).not.toThrow(/ENOENT/)
  expect(text).toContain(`chartPath: ${CHART}\n`)
})
