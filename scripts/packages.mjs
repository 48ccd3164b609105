// `npm run packages`: the packages that people take home, ready to publish: dist/npm/store and dist/npm/drill. Each room has its
// manifest and README beside its source; version, repository and licence are those of this project.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'

const ROOT = JSON.parse(readFileSync('package.json', 'utf8'))

/** Begins a package with its README and licence; @returns its folder. */
function beginPackage(room) {
  const folder = join('dist/npm', room)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  cpSync('LICENSE', join(folder, 'LICENSE'))
  cpSync(`src/${room}/README.md`, join(folder, 'README.md'))
  return folder
}

/** Writes the manifest of a room; its dependencies are the packages that its code imports, and that are no peers. */
function writeManifest(room, folder, { outputs }) {
  const { name, ...rest } = JSON.parse(readFileSync(`src/${room}/package.json`, 'utf8'))
  const { version, repository } = ROOT
  const imported = Object.values(outputs).flatMap(({ imports }) => imports)
  const packages = imported
    .filter(({ external, path }) => external && !builtinModules.includes(path.replace(/^node:/, '')))
    .map(({ path }) => /^(@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? path)
    .filter((found) => !(found in (rest.peerDependencies ?? {})))
  const dependencies = Object.fromEntries(
    [...new Set(packages)].sort().map((found) => [found, versionOf(found)]),
  )
  const source = repository && { repository }
  writeJson(join(folder, 'package.json'), { name, version, ...rest, ...source, dependencies })
}

function versionOf(name) {
  const version = ROOT.dependencies[name]
  if (!version)
    throw new Error(`${name} is imported by a package, and not among the dependencies of this project`)
  return version
}

/** Copies the types of these entries, and those that they refer to. */
function copyTypes(room, entries, target) {
  const found = new Set()
  const follow = (path) => {
    if (found.has(path)) return
    found.add(path)
    const text = readFileSync(join('dist', room, path), 'utf8')
    for (const [, name] of text.matchAll(/(?:from |import\()['"](\.[^'"]+)\.js['"]/g)) {
      follow(join(dirname(path), `${name}.d.ts`))
    }
    cpSync(join('dist', room, path), join(target, path), { recursive: true })
  }
  for (const entry of entries) follow(`${entry}.d.ts`)
}

function bundle(options) {
  const common = { bundle: true, platform: 'node', target: 'node20', packages: 'external', metafile: true }
  return build({ ...common, legalComments: 'none', logLevel: 'warning', ...options })
}

function writeJson(path, content) {
  writeFileSync(path, `${JSON.stringify(content, null, 2)}\n`)
}

/** For import and require alike: one implementation, so that an error is an instance of the same class for both. */
async function packStore() {
  const folder = beginPackage('store')
  const entryPoints = ['dist/store/index.js']
  await bundle({ entryPoints, outfile: join(folder, 'cjs/index.js'), format: 'cjs' })
  writeJson(join(folder, 'cjs/package.json'), { type: 'commonjs' })
  const { metafile } = await bundle({ entryPoints, format: 'esm', write: false, outfile: 'index.js' })
  writeManifest('store', folder, metafile)
  const names = Object.values(metafile.outputs).flatMap((output) => output.exports)
  for (const target of ['cjs', 'esm']) copyTypes('store', ['index'], join(folder, target))
  // The command uses the package as its users do.
  await bundle({
    entryPoints: ['dist/store/main.js'],
    outfile: join(folder, 'esm/main.js'),
    format: 'esm',
    external: ['./index.js'],
  })
  writeFileSync(join(folder, 'esm/index.js'), `export { ${names.join(', ')} } from '../cjs/index.js'\n`)
}

async function packDrill() {
  const folder = beginPackage('drill')
  const files = (...entries) => entries.map((entry) => `dist/drill/${entry}.js`)
  const common = { outdir: folder, outbase: 'dist/drill', format: 'esm' }
  const { metafile } = await bundle({ ...common, entryPoints: files('main', 'index'), splitting: true })
  // One file without imports, so that k6 takes it, too.
  await bundle({ ...common, entryPoints: files('books/index'), platform: 'neutral' })
  copyTypes('drill', ['index', 'books/index'], folder)
  cpSync('src/drill/journey/journey.schema.json', join(folder, 'journey.schema.json'))
  writeManifest('drill', folder, metafile)
}

await packStore()
await packDrill()
