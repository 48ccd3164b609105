// Renders what comes from the chart: k8s/base/redissessions.yaml, the table of values in the chart's README, and the copy of its
// values.yaml that its templates can read.
//   node scripts/render.mjs [--check]    --check writes nothing, and fails where a file differs
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isMap, parseDocument, stringify } from 'yaml'
import { helmProgram } from '../dist/scripts/helm-program.js'

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))))

const CHART = 'helm/redissessions'
const README = `${CHART}/README.md`
const DEFAULTS = `${CHART}/files/defaults.yaml`
const MANIFESTS = 'k8s/base/redissessions.yaml'

async function manifests() {
  const helm = await helmProgram((line) => process.stderr.write(`· ${line}\n`))
  const values = ['-f', `${CHART}/values-cloudfoundry.yaml`, '-f', 'k8s/values.yaml']
  const args = ['template', 'redissessions', CHART, '--namespace', 'redissessions', '--skip-tests', ...values]
  const rendered = execFileSync(helm, args, { encoding: 'utf8' })
    // Kustomize manages these objects and names their namespace; their files' names and marks are Helm's.
    .replace(/^ {2}namespace: .*\n/gm, '')
    .replace(/^ +(app\.kubernetes\.io\/managed-by|helm\.sh\/chart): .*\n/gm, '')
    .replace(/^# Source: .*\n/gm, '')
    .replace(/\n+---/g, '\n---')
  return `# Rendered from ${CHART} by npm run render: don't edit.\n${rendered}`
}

/** A line for each value that has a description, or no children. */
function* rows(node, path = '', described = '') {
  for (const { key, value } of node.items) {
    const name = path + key.value
    const comment = (key.commentBefore ?? (key === node.items[0].key ? node.commentBefore : '') ?? '').trim()
    // The last paragraph: before it there may be a heading of several values.
    const [, text = ''] =
      /^-- (.*)$/s.exec(
        comment
          .split(/\n\s*\n/)
          .at(-1)
          .trim(),
      ) ?? []
    const leaf = !isMap(value) || value.items.length === 0 || value.flow
    if (leaf || text) {
      const shown = value === null || value.value === null ? '' : JSON.stringify(value)
      yield `| \`${name}\` | ${shown && `\`${shown}\``} | ${text || described} |`
    }
    if (!leaf && !text) yield* rows(value, `${name}.`)
  }
}

function readme() {
  const { contents } = parseDocument(readFileSync(`${CHART}/values.yaml`, 'utf8'))
  const table = ['| value | default | |', '| --- | --- | --- |', ...rows(contents)].join('\n')
  const [before] = readFileSync(README, 'utf8').split('<!-- values -->')
  return `${before}<!-- values -->\n<!-- Generated from values.yaml by npm run render. -->\n${table}\n`
}

function defaults() {
  const values = parseDocument(readFileSync(`${CHART}/values.yaml`, 'utf8')).toJS()
  return `# Rendered from values.yaml by npm run render: don't edit.\n${stringify(values)}`
}

const check = process.argv.includes('--check')
for (const [file, text] of [
  [README, readme()],
  [DEFAULTS, defaults()],
  [MANIFESTS, await manifests()],
]) {
  if (!check) writeFileSync(file, text)
  else if (readFileSync(file, 'utf8') !== text) {
    process.stderr.write(`${file} differs from what the chart makes: npm run render\n`)
    process.exitCode = 1
  }
}
