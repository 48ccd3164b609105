// Installs and builds what is missing.
//   node scripts/prepare.mjs [redis] [demo-redis] [chromium] [helm] [prometheus] [examples] [bench] [league]
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { prepareChromium } from './lib/chromium-program.mjs'
import { prepareDemoRedis, prepareRedisServer } from './lib/redis-server.mjs'

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))))

const say = (line) => process.stderr.write(`· ${line}\n`)
const modified = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0)

/** Runs npm and says what it does; in a terminal the seconds count along. @throws Error if npm fails. */
async function npm(what, ...args) {
  const began = Date.now()
  const seconds = () => `${Math.round((Date.now() - began) / 1_000)} s`
  const { isTTY } = process.stderr
  if (!isTTY) say(what)
  const show = () => process.stderr.write(`\r· ${what} … ${seconds()}`)
  const clock = isTTY && setInterval(show, 500)
  const child = spawn('npm', [...args, '--silent', '--no-audit', '--no-fund'], {
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  })
  const [code] = await once(child, 'close')
  clearInterval(clock)
  if (isTTY) process.stderr.write(`\r\u001b[K`)
  if (code !== 0) throw new Error(`npm ${args.join(' ')} failed`)
  if (isTTY) say(`${what}: ${seconds()}`)
}

/**
 * @param needs what is wanted besides npm's packages and the build: demo-redis (whatever the demo can run on), redis (a
 *   redis-server), chromium, helm, prometheus, bench, league
 */
export async function prepare(needs) {
  try {
    await prepareAll(needs)
  } catch (error) {
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  }
}

async function prepareAll(needs) {
  // A production install (container, buildpack) has the build but not the compiler: nothing to do there.
  if (existsSync('dist/counter/server.js') && !existsSync('node_modules/typescript')) return
  // First: what isn't there should be said before a minute was spent on packages.
  if (needs.includes('demo-redis')) await prepareDemoRedis(say)
  if (needs.includes('redis')) await prepareRedisServer(say)
  if (needs.includes('chromium')) await prepareChromium(say)
  if (modified('node_modules/.package-lock.json') < modified('package-lock.json')) {
    await npm('installing the npm packages (once; about half a minute)', 'ci', '--include=dev')
  }
  await npm('building', 'run', 'build')
  if (needs.includes('helm')) {
    const { helmProgram } = await import('../dist/scripts/helm-program.js')
    await helmProgram(say)
  }
  if (needs.includes('prometheus')) {
    const { preparePrometheus } = await import('../dist/scripts/prometheus-program.js')
    await preparePrometheus(say)
  }
  if (needs.includes('examples')) await prepareExamples()
  if (needs.includes('bench')) await prepareBench()
  if (needs.includes('league')) await bundle(['league/main.ts'], 'dist/league')
}

// The examples use the store as it is published: npm links its folder.
async function prepareExamples() {
  execFileSync(process.execPath, ['scripts/packages.mjs'], { stdio: 'inherit' })
  await installIn('examples')
}

async function installIn(folder, ...options) {
  if (modified(`${folder}/node_modules/.package-lock.json`) >= modified(`${folder}/package-lock.json`)) return
  await npm(`installing the npm packages of ${folder}`, 'ci', '--prefix', folder, ...options)
}

// The set-ups to compare with have packages of their own; ours runs as in the image.
async function prepareBench() {
  // connect-redis 10 and Node 24 are among them, whatever Node runs this.
  await installIn('bench/usual', '--engine-strict=false')
  execFileSync(process.execPath, ['scripts/bundle.mjs', 'dist/bench/image'], { stdio: 'inherit' })
  await bundle(
    ['main', 'durability', 'scaling', 'sizing', 'soak', 'start'].map((name) => `bench/${name}.ts`),
    'dist/bench',
  )
}

async function bundle(entryPoints, outdir) {
  const { build } = await import('esbuild')
  await build({
    entryPoints,
    outdir,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    target: 'es2023',
  })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await prepare(process.argv.slice(2))
