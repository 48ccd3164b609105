// `npm run kind`: from nothing to the page, on a Kubernetes cluster of containers. Running it again brings it up to date.
import { buildImage, CLUSTER, clusterExists, createCluster, PAGE } from './cluster.js'
import { HELP, type KindOptions, OptionError, readKindOptions, STORES } from './options.js'
import { checkPrograms } from './programs.js'
import { install, releaseExists, switchStore } from './release.js'

const EXIT_CONFIG = 78 // EX_CONFIG of sysexits.h

async function act({ ingress, store }: KindOptions): Promise<string> {
  checkPrograms()
  if (store !== undefined) {
    if (!clusterExists() || !releaseExists()) throw new Error('nothing runs yet: npm run kind starts it')
    await switchStore(store)
    const back = store === 'exact' ? '' : '\n  npm run kind -- --store exact          the way back'
    return `\nThe store is ${store}: ${PAGE}\n  ${STORES.get(store)}${back}\n`
  }
  await createCluster()
  await install(buildImage(), ingress)
  return `
The counter, through ${ingress ? 'an Ingress' : 'a NodePort'}: ${PAGE}
  npm run kind -- --store memory         what breaks without a shared store; also connect-redis, and exact again
  npm run drill -- ${PAGE} --namespace ${CLUSTER} --release ${CLUSTER} --scenario rollout
  kubectl -n ${CLUSTER} get pods
  kubectl -n ${CLUSTER} scale deployment/${CLUSTER} --replicas 8
  kubectl -n ${CLUSTER} rollout restart deployment/${CLUSTER}
  kind delete cluster --name ${CLUSTER}     removes it all
`
}

try {
  const options = readKindOptions(process.argv.slice(2))
  process.stdout.write(options ? await act(options) : HELP)
} catch (error) {
  process.stderr.write(`npm run kind: ${error instanceof Error ? error.message : error}\n`)
  process.exitCode = error instanceof OptionError ? EXIT_CONFIG : 1
}
