import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parse, parseAllDocuments } from 'yaml'
import { helmProgram } from '../../scripts/lib/helm-program.js'

export const CHART = 'helm/redissessions'

type Labels = Record<string, string>

interface Container {
  readonly name: string
  readonly image: string
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[]
  readonly securityContext?: Record<string, unknown>
  readonly resources?: { readonly limits?: Labels; readonly requests?: Labels }
  readonly [field: string]: unknown
}

interface PodSpec {
  readonly containers: readonly Container[]
  readonly initContainers?: readonly Container[]
  readonly securityContext?: Record<string, unknown>
  readonly automountServiceAccountToken?: boolean
  readonly [field: string]: unknown
}

/** What the tests read of a Kubernetes object. */
export interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Labels
    readonly annotations?: Labels
  }
  readonly type?: string
  readonly data?: Labels
  readonly spec?: unknown
}

const run = promisify(execFile)
// Neither the caller's cluster nor their settings of Helm may show in a rendering.
const HOME = mkdtempSync(join(tmpdir(), 'redissessions-helm-'))
const ISOLATED = { ...process.env, HOME, KUBECONFIG: '/dev/null', HELM_NAMESPACE: 'default' }

async function helm(...args: string[]): Promise<string> {
  const program = await helmProgram(() => {})
  const { stdout } = await run(program, args, { env: ISOLATED, maxBuffer: 2 ** 24 })
  return stdout
}

/** @returns what `helm template` prints. */
export function renderText(
  args: readonly string[] = [],
  release = 'redissessions',
  chart = CHART,
): Promise<string> {
  return helm('template', release, chart, ...args)
}

/** @returns the objects that `helm template` makes of the chart with these arguments. */
export async function render(
  args: readonly string[] = [],
  release = 'redissessions',
  chart = CHART,
): Promise<KubernetesObject[]> {
  const text = await renderText(args, release, chart)
  return parseAllDocuments(text, { merge: true })
    .map((document): unknown => document.toJS())
    .filter((object): object is KubernetesObject => object !== null)
}

/** @returns what NOTES.txt tells the one who installs: Helm 3 shows it only to those who have a cluster, so as a value. */
export async function notes(args: readonly string[] = []): Promise<string> {
  const copy = mkdtempSync(join(tmpdir(), 'redissessions-chart-'))
  try {
    cpSync(CHART, copy, { recursive: true })
    cpSync(join(copy, 'templates/NOTES.txt'), join(copy, 'files/notes.txt'))
    writeFileSync(
      join(copy, 'templates/notes.yaml'),
      'notes: {{ tpl (.Files.Get "files/notes.txt") . | toJson }}',
    )
    const text = await helm('template', 'redissessions', copy, '--show-only', 'templates/notes.yaml', ...args)
    return (parse(text) as { notes: string }).notes
  } finally {
    rmSync(copy, { recursive: true })
  }
}

/** @returns the message with which Helm refuses these arguments. */
export async function refusal(args: readonly string[]): Promise<string> {
  return render(args).then(
    () => {
      throw new Error(`not refused: ${args.join(' ')}`)
    },
    (error: { stderr?: string }) => error.stderr ?? String(error),
  )
}

/** @returns the arguments of this project's values files, by the part of their names after `values-`. */
export function valuesFiles(...names: string[]): string[] {
  return names.flatMap((name) => ['-f', `${CHART}/values-${name}.yaml`])
}

/** Names of the value sets in the chart's ci/, which stand for the ways in which people install it. */
export const CI_SETS = readdirSync(join(CHART, 'ci')).map((file) => file.replace('-values.yaml', ''))

/** @returns the arguments for one of them. */
export function ciFile(name: string): string[] {
  return ['-f', join(CHART, 'ci', `${name}-values.yaml`)]
}

/** @returns the only object of a kind and a name among these. */
export function find(objects: readonly KubernetesObject[], kind: string, name: string): KubernetesObject {
  const [found, second] = objects.filter((object) => object.kind === kind && object.metadata.name === name)
  if (!found || second) throw new Error(`${found ? 'more than one' : 'no'} ${kind} ${name}`)
  return found
}

/** @returns each pod among these objects, with the labels that it will have. */
export function pods(
  objects: readonly KubernetesObject[],
): { name: string; labels: Labels; spec: PodSpec }[] {
  return objects.flatMap((object) => {
    const { template } = (object.spec ?? {}) as { template?: KubernetesObject }
    const pod = object.kind === 'Pod' ? object : template
    const spec = pod?.spec as PodSpec | undefined
    return spec?.containers ? [{ name: object.metadata.name, labels: pod?.metadata.labels ?? {}, spec }] : []
  })
}

/** @returns the environment of an object's first container, as far as it is written in the pod itself. */
export function environment(object: KubernetesObject): Record<string, string | undefined> {
  const [pod] = pods([object])
  return Object.fromEntries(pod?.spec.containers[0]?.env?.map(({ name, value }) => [name, value]) ?? [])
}
