// Runs before the npm scripts: installs and builds what is missing, so that each works on a fresh clone.
//   node scripts/prepare.mjs [redis] [chromium] [helm] [prometheus] [bench]
import { execFileSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))))

const say = (line) => process.stderr.write(`· ${line}\n`)
const npm = (...args) =>
  execFileSync('npm', [...args, '--silent', '--no-audit', '--no-fund'], {
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  })
const NODE_MODULES = { platform: 'node', format: 'esm', packages: 'external', target: 'es2023' }
const modified = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0)

// A production install (container, buildpack) has the build but not the compiler: nothing to do there.
const built = existsSync('dist/counter/server.js') && !existsSync('node_modules/typescript')
if (!built) {
  if (modified('node_modules/.package-lock.json') < modified('package-lock.json')) {
    say('npm ci')
    npm('ci', '--include=dev')
  }
  npm('run', 'build')
}

const wanted = process.argv.slice(2)
if (wanted.length > 0) {
  await buildTools()
  const { CHROMIUM_PACKAGE, REDIS_PACKAGE, installSystemPackage } = await import(
    '../dist/demo/system-package.js'
  )
  if (wanted.includes('redis')) {
    const { redisOnPath } = await import('../dist/demo/redis-program.js')
    if (!redisOnPath()) installSystemPackage(REDIS_PACKAGE, say)
  }
  if (wanted.includes('chromium')) {
    const { chromiumProgram } = await import('../dist/scripts/chromium.js')
    if (!chromiumProgram()) installSystemPackage(CHROMIUM_PACKAGE, say)
  }
  if (wanted.includes('helm')) {
    const { helmProgram } = await import('../dist/scripts/helm-program.js')
    await helmProgram(say)
  }
  if (wanted.includes('prometheus')) {
    const { prometheusProgram } = await import('../dist/scripts/prometheus-program.js')
    for (const name of ['prometheus', 'promtool']) prometheusProgram(name, say)
  }
  if (wanted.includes('bench')) await prepareBench()
}

// Programs that only tests and scripts need; they are TypeScript, so that the tests import them as they are.
async function buildTools() {
  const { build } = await import('esbuild')
  const entryPoints = ['chromium', 'helm-program', 'prometheus-program'].map(
    (name) => `scripts/lib/${name}.ts`,
  )
  await build({ entryPoints, outdir: 'dist/scripts', bundle: true, ...NODE_MODULES })
}

// The set-ups to compare with have packages of their own; ours runs as in the image.
async function prepareBench() {
  const folder = 'bench/usual'
  if (modified(`${folder}/node_modules/.package-lock.json`) < modified(`${folder}/package-lock.json`)) {
    say(`npm ci in ${folder}`)
    // connect-redis 10 and Node 24 are among them, whatever Node runs this.
    npm('ci', '--prefix', folder, '--engine-strict=false')
  }
  execFileSync(process.execPath, ['scripts/bundle.mjs', 'dist/bench/image'], { stdio: 'inherit' })
  const { build } = await import('esbuild')
  await build({
    entryPoints: ['main', 'durability', 'scaling', 'sizing', 'soak', 'start'].map(
      (name) => `bench/${name}.ts`,
    ),
    outdir: 'dist/bench',
    bundle: true,
    ...NODE_MODULES,
  })
}
