// Loaded into each instance of the local platform (node --import): ends it when the platform is gone without a
// word, as after a SIGKILL. Nothing of the app itself knows of it.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
process.channel?.unref()
