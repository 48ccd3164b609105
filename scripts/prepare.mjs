// Installs and builds what is missing.
//   node scripts/prepare.mjs [redis] [chromium] [helm] [prometheus] [bench]
import { execFileSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))))

const say = (line) => process.stderr.write(`· ${line}\n`)
const npm = (...args) =>
  execFileSync('npm', [...args, '--silent', '--no-audit', '--no-fund'], {
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  })
const modified = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0)

/** @param needs any of redis, chromium, helm, prometheus, bench: what is wanted besides npm's packages and the build */
export async function prepare(needs) {
  // A production install (container, buildpack) has the build but not the compiler: nothing to do there.
  if (existsSync('dist/counter/server.js') && !existsSync('node_modules/typescript')) return
  if (modified('node_modules/.package-lock.json') < modified('package-lock.json')) {
    say('npm ci')
    npm('ci', '--include=dev')
  }
  npm('run', 'build')
  const { CHROMIUM_PACKAGE, REDIS_PACKAGE, installSystemPackage } = await import(
    '../dist/demo/system-package.js'
  )
  if (needs.includes('redis')) {
    const { redisOnPath } = await import('../dist/demo/redis-program.js')
    if (!redisOnPath()) installSystemPackage(REDIS_PACKAGE, say)
  }
  if (needs.includes('chromium')) {
    const { chromiumProgram } = await import('../dist/scripts/chromium.js')
    if (!chromiumProgram()) installSystemPackage(CHROMIUM_PACKAGE, say)
  }
  if (needs.includes('helm')) {
    const { helmProgram } = await import('../dist/scripts/helm-program.js')
    await helmProgram(say)
  }
  if (needs.includes('prometheus')) {
    const { prometheusProgram } = await import('../dist/scripts/prometheus-program.js')
    for (const name of ['prometheus', 'promtool']) prometheusProgram(name, say)
  }
  if (needs.includes('bench')) await prepareBench()
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
    platform: 'node',
    format: 'esm',
    packages: 'external',
    target: 'es2023',
  })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await prepare(process.argv.slice(2))
