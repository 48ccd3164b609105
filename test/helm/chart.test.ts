import { createRequire } from 'node:module'
import { beforeAll, describe, expect, test } from 'vitest'
import { CI_SETS, ciFile, type KubernetesObject, pods, render, valuesFiles } from '../support/chart.js'

/** Every values file, those of ci/, and combinations. */
const SETS: Record<string, string[]> = {
  ...Object.fromEntries(CI_SETS.map((name) => [`ci/${name}`, ciFile(name)])),
  cloudfoundry: valuesFiles('cloudfoundry'),
  kind: valuesFiles('cloudfoundry', 'kind'),
  production: valuesFiles('production'),
  'contrast-memory after cloudfoundry and kind': valuesFiles('cloudfoundry', 'kind', 'contrast-memory'),
  'the manifests of k8s/': [...valuesFiles('cloudfoundry'), '-f', 'k8s/values.yaml'],
}

const require = createRequire(import.meta.url)

const LONGEST_RELEASE = `a${'-very-long-release'.repeat(3)}`.slice(0, 53)

const matches = (selector: Record<string, string>, labels: Record<string, string>) =>
  Object.entries(selector).every(([name, value]) => labels[name] === value)

/** kubernetes-models throws for a field of a wrong type or a missing one; unknown fields and custom kinds: test/cluster. */
function validate(object: KubernetesObject): void {
  const { apiVersion, kind } = object
  if (/^(monitoring\.coreos\.com|gateway\.networking\.k8s\.io)\//.test(apiVersion)) return
  const models = require(`kubernetes-models/${apiVersion}`) as Record<
    string,
    new (
      data: unknown,
    ) => { validate(): void }
  >
  const Model = models[kind]
  if (!Model) throw new Error(`unknown kind: ${apiVersion} ${kind}`)
  new Model(object).validate()
}

describe.each(Object.entries(SETS))('%s', (_name, args) => {
  let objects: KubernetesObject[]
  let strangers: KubernetesObject[]
  beforeAll(async () => {
    ;[objects, strangers] = await Promise.all([render(args), render(args, 'another')])
  })

  test('each object is valid, named once, and labelled', () => {
    expect(objects.length).toBeGreaterThan(5)
    for (const object of objects) {
      validate(object)
      const labels = object.metadata.labels ?? {}
      expect(labels, object.metadata.name).toMatchObject({
        'app.kubernetes.io/name': 'redissessions',
        'app.kubernetes.io/instance': 'redissessions',
        'app.kubernetes.io/component': expect.stringMatching(/^(app|redis|sentinel|test|metrics)$/),
      })
      const namespace = object.kind === 'ServiceMonitor' ? /^(default|monitoring)$/ : /^default$/
      expect(object.metadata.namespace, 'for helm template | kubectl apply').toMatch(namespace)
    }
    const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)
    expect(new Set(names).size).toBe(names.length)
  })

  test('pods pass Pod Security "restricted", write nowhere and hold no token', () => {
    for (const { name, spec } of pods(objects)) {
      expect(spec, name).toMatchObject({
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      })
      expect(spec.securityContext?.runAsUser ?? 'the namespace’s', name).not.toBe(0)
      for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
        expect(container.securityContext, `${name}/${container.name}`).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        })
        expect(container.resources?.limits?.memory, `${name}/${container.name}`).toBeTruthy()
        expect(container.resources?.requests?.cpu, `${name}/${container.name}`).toBeTruthy()
        expect(container.image).toMatch(/^[\w./:-]+:[\w.-]+$/)
        expect(container.image).not.toMatch(/:latest$/)
      }
    }
  })

  test('each selector finds pods of this release, and no other', () => {
    const templates = pods(objects)
    const others = pods(strangers)
    for (const { kind, metadata, spec } of objects) {
      const { selector, podSelector } = (spec ?? {}) as { selector?: unknown; podSelector?: unknown }
      const given = (podSelector ?? selector) as Record<string, unknown> | undefined
      if (!given || kind === 'ServiceMonitor') continue
      // The name of a StatefulSet's pod is a label that the StatefulSet itself gives.
      const { 'statefulset.kubernetes.io/pod-name': _pod, ...labels } = (given.matchLabels ??
        given) as Record<string, string>
      expect(
        templates.some((pod) => matches(labels, pod.labels)),
        `${kind} ${metadata.name}`,
      ).toBe(true)
      expect(
        others.some((pod) => matches(labels, pod.labels)),
        `${kind} ${metadata.name}`,
      ).toBe(false)
    }
  })

  test('names and labels stay within 63 characters for the longest release name', async () => {
    for (const { kind, metadata } of await render(args, LONGEST_RELEASE)) {
      // A StatefulSet's name and an 11 character hash make a label of its pods.
      expect(metadata.name.length, metadata.name).toBeLessThanOrEqual(kind === 'StatefulSet' ? 52 : 63)
      for (const value of Object.values(metadata.labels ?? {}))
        expect(value.length, value).toBeLessThanOrEqual(63)
    }
  })

  test('two releases share no object but the binding that the user names', () => {
    const named = (objects: KubernetesObject[]) =>
      objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)
    const first = new Set(named(objects))
    const shared = named(strangers).filter((name) => first.has(name))
    expect(shared.filter((name) => !['Secret redis-e9771', 'ConfigMap more'].includes(name))).toEqual([])
  })
})
