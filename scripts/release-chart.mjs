// Packages the chart for a registry: its image by digest, and its alerts' links to the runbook of this release.
//   node scripts/release-chart.mjs IMAGE DIGEST RUNBOOK_URL FOLDER
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseDocument } from 'yaml'
import { helmProgram } from '../dist/scripts/helm-program.js'

const [image, digest, runbookUrl, folder] = process.argv.slice(2)
if (!/^sha256:[0-9a-f]{64}$/.test(digest ?? '')) throw new Error(`not a digest: ${digest}`)

const copy = join(mkdtempSync(join(tmpdir(), 'redissessions-release-')), 'redissessions')
try {
  cpSync('helm/redissessions', copy, { recursive: true })
  const file = join(copy, 'values.yaml')
  const values = parseDocument(readFileSync(file, 'utf8'))
  values.setIn(['image', 'repository'], image)
  values.setIn(['image', 'digest'], digest)
  values.setIn(['prometheusRule', 'runbookUrl'], runbookUrl)
  writeFileSync(file, values.toString({ lineWidth: 0 }))
  mkdirSync(folder, { recursive: true })
  const helm = await helmProgram((line) => process.stderr.write(`· ${line}\n`))
  execFileSync(helm, ['package', copy, '--destination', folder], { stdio: 'inherit' })
} finally {
  rmSync(join(copy, '..'), { recursive: true })
}
