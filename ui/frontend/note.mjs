// Notes which sources the bundles were built from, so that a test without node can tell that they are not stale.
import {createHash} from "node:crypto"
import {readFileSync, readdirSync, writeFileSync} from "node:fs"

const names = readdirSync(".").filter(name => /\.(js|json)$/.test(name) && name !== "package-lock.json").sort()
const hash = createHash("sha256")
for (const name of names) hash.update(readFileSync(name))
writeFileSync("../assets/sources.sha256", hash.digest("hex") + "\n")
