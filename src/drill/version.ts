// The drill's version: a bundle has no manifest that it could read. A test holds that it is that of package.json.
export const VERSION = '0.1.0'
