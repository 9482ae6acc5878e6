// Compiling the program takes a third of the time of a short command, so what V8 made of it is kept in the user's cache
// directory. The build puts in PROGRAM, a function expression as text, and PROGRAM_HASH, the name of exactly this text.
const { closeSync, constants, existsSync, fstatSync, fsyncSync, mkdirSync, openSync, readFileSync, readdirSync, renameSync, unlinkSync, writeSync } = require("node:fs")
const { dirname } = require("node:path")
const { Script } = require("node:vm")

const { env, pid, version, arch } = process
const uid = process.getuid()
const directory = env.XDG_CACHE_HOME?.startsWith("/")
  ? `${env.XDG_CACHE_HOME}/clincus`
  : env.HOME?.startsWith("/")
  ? `${env.HOME}/.cache/clincus`
  : undefined
const file = `${directory}/${PROGRAM_HASH}-${version}-${arch}`

// What is read here is executed: it must be this user's own file, which nobody else can write. Its first bytes are its
// length, so that half a file counts as none.
const read = () => {
  let descriptor
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW)
    const stat = fstatSync(descriptor)
    if (!stat.isFile() || stat.uid !== uid || (stat.mode & 0o022) !== 0) return undefined
    const content = readFileSync(descriptor)
    return content.length > 8 && content.readDoubleLE(0) === content.length ? content.subarray(8) : undefined
  } catch {
    return undefined
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

const write = (data) => {
  try {
    // One by one: Node's `recursive` never ends if a parent cannot be made, in /proc for instance.
    for (const path of [dirname(directory), directory]) if (!existsSync(path)) mkdirSync(path, { mode: 0o700 })
    const temporary = `${file}.${pid}`
    const descriptor = openSync(temporary, "wx", 0o600)
    const length = Buffer.alloc(8)
    length.writeDoubleLE(data.length + 8)
    writeSync(descriptor, length)
    writeSync(descriptor, data)
    fsyncSync(descriptor)
    closeSync(descriptor)
    renameSync(temporary, file)
    // What another version of the program left is of no use any more.
    const mine = `${PROGRAM_HASH}-${version}-${arch}`
    for (const name of readdirSync(directory)) {
      if (name !== mine && name.endsWith(`-${version}-${arch}`)) unlinkSync(`${directory}/${name}`)
    }
  } catch {
    // A cache that cannot be written is no cache.
  }
}

const cachedData = directory === undefined ? undefined : read()
const script = new Script(PROGRAM, { filename: __filename, cachedData })
if (directory !== undefined && (cachedData === undefined || script.cachedDataRejected)) {
  // At the end, the functions that were needed are compiled too.
  process.once("exit", () => write(script.createCachedData()))
}
script.runInThisContext()(require, process)
